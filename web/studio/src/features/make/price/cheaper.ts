import type { Quote } from "@/shared/api/requests";
import { type Counted, counted, t } from "@/shared/text/text";
import { fieldLabel, valueLabel } from "../fields/labels";

/** Fields whose number has a sentence of its own. */
const SENTENCES: Record<string, Counted> = { count: "cheaper.count", steps: "cheaper.steps" };

/** "2 credits for 2 pictures": what a cheaper variant of a request costs, and what is different in it. */
export function cheaperText({ price, changes }: Pick<Quote["cheaper"][number], "price" | "changes">): string {
  return Object.entries(changes).reduce((said, [name, value]) => {
    const sentence = SENTENCES[name];
    if (sentence) return counted(sentence, Number(value), { price: said });
    return t("cheaper.other", { price: said, field: fieldLabel(name), value: valueLabel(name, String(value)) });
  }, counted("summary.price", price));
}
