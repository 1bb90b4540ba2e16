import type { Entry } from "@/shared/api/account";

/** By how many credits an entry changes what a maker can spend. Charges were taken when their job reserved them: 0. */
export function changeOf({ credits, source, target }: Pick<Entry, "credits" | "source" | "target">): number {
  if (target === "available") return credits;
  return source === "available" ? -credits : 0;
}
