import { expect, test } from "vitest";
import { reasonsOf } from "./reasons";

test("the most frequent reason comes first, and those of no report are left out", () => {
  expect(reasonsOf({ spam: 1, hate: 3, violence: 0, new: 9 })).toEqual([
    { reason: "hate", count: 3 },
    { reason: "spam", count: 1 },
  ]);
});
