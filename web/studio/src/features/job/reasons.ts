import { list, number, sentence, t } from "@/shared/text/text";

interface Reasoned {
  index: number;
  reason: string;
}

/** A sentence for each reason, with the numbers of the pictures that have it. A single picture needs no number. */
export function sayReasons(reasoned: readonly Reasoned[], count: number): string[] {
  const numbersOf = new Map<string, string[]>();
  for (const { index, reason } of reasoned) numbersOf.set(reason, [...(numbersOf.get(reason) ?? []), number(index + 1)]);
  return [...numbersOf].map(([reason, numbers]) => {
    return count === 1 ? sentence(reason) : t(numbers.length === 1 ? "outcome.of.one" : "outcome.of.other", { numbers: list(numbers), reason });
  });
}
