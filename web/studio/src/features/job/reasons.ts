import type { Image } from "@/shared/api/jobs";
import { saidInWords } from "@/shared/text/said";
import { list, named, number, t } from "@/shared/text/text";

/** What is to be said about pictures that were delivered: how they may differ from what was asked for, and from each other. */
export function warningsOf(images: readonly Image[]): string[] {
  const warned = images.flatMap(({ index, warning, near_identical_to: twin }) => {
    // Which picture it looks like is said about all of them at once.
    const own = twin === undefined ? warning : warning?.replace(/(?:^|; )it looks nearly like [^;]*$/, "");
    return own ? [{ index, reason: saidInWords(own) }] : [];
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
  return reason ? saidInWords(reason) : named("fault", error, error);
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
