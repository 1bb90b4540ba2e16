import { useAccount } from "@/shared/api/account";
import type { Tool } from "@/shared/api/tools";
import type { Fields } from "@/shared/form/fields";
import { counted, duration, number, t } from "@/shared/text/text";
import { toolPicture } from "@/shared/tools/tools";
import { Button } from "@/shared/ui/Button";
import css from "./Summary.module.css";
import { cheaperText } from "./cheaper";
import type { Price } from "./usePrice";

interface Props {
  tool: Tool;
  price: Price;
  busy: boolean;
  problem: string | undefined;
  onFields: (fields: Fields) => void;
}

/** What the job will cost and how long it will take, and the button that starts it. It stays in sight. */
export function Summary({ tool, price, busy, problem, onFields }: Props) {
  const account = useAccount();
  const picture = toolPicture(tool.name);
  const cheaper = price.quote?.cheaper[0];
  const left = account.data ? account.data.available - price.credits : undefined;
  return (
    <aside className={css["summary"]} aria-label={t("summary.label")}>
      {picture ? <img src={picture} alt="" width={640} height={480} className={css["picture"]} data-tool={tool.name} /> : null}
      <div className={css["words"]}>
        <p className={css["price"]} aria-live="polite">
          {counted("summary.price", price.credits)}
        </p>
        <p className={css["time"]}>{price.quote ? t("summary.time", { time: duration(price.quote.estimated_total_s) }) : t("summary.later")}</p>
        {left !== undefined ? <p className={css["left"]}>{left >= 0 ? t("summary.left", { count: number(left) }) : t("summary.lack", { count: number(-left) })}</p> : null}
      </div>
      {cheaper ? (
        <button type="button" className={css["cheaper"]} onClick={() => onFields(cheaper.changes)}>
          {cheaperText(cheaper)}
        </button>
      ) : null}
      {price.quote?.publishable === false ? <p className={css["kept"]}>{t("summary.kept")}</p> : null}
      {problem ? (
        <p role="alert" className={css["problem"]}>
          {problem}
        </p>
      ) : null}
      <Button type="submit" look="primary" busy={busy} className={css["make"]}>
        {t("summary.make")}
      </Button>
    </aside>
  );
}
