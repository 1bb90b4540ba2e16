import type { Image } from "@/shared/api/jobs";
import { type Key, list, named, number, sentence, t } from "@/shared/text/text";

/** Some sentences that the API says about pictures, and the texts for them. What is in brackets is put into the text. */
const SAID: readonly (readonly [RegExp, Key])[] = [
  [/^it may not show what was asked for/, "said.unknown"],
  [/^it may not show (?<what>.+)$/, "said.missing"],
  [/^its seam is visible$/, "said.seam"],
  [/^it is (?:one flat colour|almost blank)$|^almost nothing is visible$/, "said.blank"],
  [/^(?:almost )?nothing stands out from the background$/, "said.background"],
  [/^the object fills the image/, "said.fills"],
  [/^the object extends beyond the image$/, "said.beyond"],
  [/^the background is not cleared/, "said.remains"],
  [/^the object consists of (?<count>\d+) pieces$/, "said.pieces"],
  [/^the edge of the object is too soft/, "said.soft"],
];

/** A sentence of the API in the maker's language; in English where there is no text for it. */
export function inWords(said: string): string {
  for (const [pattern, key] of SAID) {
    const found = pattern.exec(said);
    if (found) return t(key, { ...found.groups });
  }
  return sentence(said);
}

/** What is to be said about pictures that were delivered: how they may differ from what was asked for, and from each other. */
export function warningsOf(images: readonly Image[]): string[] {
  const warned = images.flatMap(({ index, warning, near_identical_to: twin }) => {
    // Which picture it looks like is said about all of them at once.
    const own = twin === undefined ? warning : warning?.replace(/(?:^|; )it looks nearly like [^;]*$/, "");
    return own ? [{ index, reason: inWords(own) }] : [];
  });
  const alike = images.filter((image) => image.near_identical_to !== undefined).map(({ index }) => number(index + 1));
  const reasons = sayReasons(warned, images.length);
  return alike.length > 0 ? [...reasons, t("outcome.alike", { numbers: list(alike) })] : reasons;
}

/** Why pictures failed. */
export function failuresOf(images: readonly Image[]): string[] {
  const failed = images.flatMap(({ index, error, reason }) => (error ? [{ index, reason: reasonOf(error, reason) }] : []));
  return sayReasons(failed, images.length);
}

export function reasonOf(error: string, reason: string | undefined): string {
  return reason ? inWords(reason) : named("fault", error, error);
}

interface Reasoned {
  index: number;
  reason: string;
}

/** A sentence for each reason, with the numbers of the pictures that have it. What all have needs no numbers. */
export function sayReasons(reasoned: readonly Reasoned[], count: number): string[] {
  const numbersOf = new Map<string, string[]>();
  for (const { index, reason } of reasoned) numbersOf.set(reason, [...(numbersOf.get(reason) ?? []), number(index + 1)]);
  return [...numbersOf].map(([reason, numbers]) => {
    if (numbers.length === count) return reason;
    return t(numbers.length === 1 ? "outcome.of.one" : "outcome.of.other", { numbers: list(numbers), reason });
  });
}
