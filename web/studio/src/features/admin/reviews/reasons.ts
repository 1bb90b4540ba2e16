import { REASONS, type Reason } from "@/shared/api/moderation";

export interface Counted {
  reason: Reason;
  count: number;
}

/** The reasons of the reports about a picture, the most frequent first. */
export function reasonsOf(reports: Readonly<Record<string, number>>): Counted[] {
  return REASONS.map((reason) => ({ reason, count: reports[reason] ?? 0 }))
    .filter(({ count }) => count > 0)
    .toSorted((one, other) => other.count - one.count);
}
