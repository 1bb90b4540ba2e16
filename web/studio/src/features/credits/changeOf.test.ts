import { expect, test } from "vitest";
import { changeOf } from "./changeOf";

test.each([
  ["a grant adds", { credits: 50, source: "issued", target: "available" }, 50],
  ["a reservation takes", { credits: 4, source: "available", target: "reserved" }, -4],
  ["a refund gives back", { credits: 1, source: "reserved", target: "available" }, 1],
  ["a charge moves what was taken before", { credits: 3, source: "reserved", target: "spent" }, 0],
  ["an expiry takes", { credits: 9, source: "available", target: "expired" }, -9],
] as const)("%s", (_name, entry, change) => {
  expect(changeOf(entry)).toBe(change);
});
