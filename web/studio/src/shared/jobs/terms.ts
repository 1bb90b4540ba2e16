/** The terms of a picture in the maker's language. */
import type { Job } from "@client/index";
import { list, t } from "@/shared/text/text";

export type Terms = Job["terms"];

/** What one may do with a picture and whom to credit, in sentences. */
export function termsInWords({ commercial, licences, credits }: Terms): string {
  if (licences.length === 0) return t("terms.unknown");
  const usage = commercial ? t("terms.free") : t("terms.personal", { licences: list(namesOf(licences.filter((one) => !one.commercial))) });
  const limited = namesOf(licences.filter((one) => one.restricted));
  return [usage, limited.length > 0 && t("terms.limits", { licences: list(limited) }), creditInWords(credits)].filter(Boolean).join(" ");
}

/** Whom to credit, as a sentence. Empty if nobody. */
export function creditInWords(credits: Terms["credits"]): string {
  return credits.length > 0 ? t("terms.credit", { names: list(credits) }) : "";
}

function namesOf(licences: Terms["licences"]): string[] {
  return licences.map(({ title }) => title);
}
