import { expect, test } from "vitest";
import type { Image } from "@/shared/api/jobs";
import { sayReasons, warningsOf } from "./reasons";

test("what all pictures have needs no numbers", () => {
  expect(sayReasons([{ index: 0, reason: "The edges are rough" }], 1)).toEqual(["The edges are rough"]);
});

test("with several pictures, each reason says which it is about, once", () => {
  const reasons = [
    { index: 0, reason: "The edges are rough" },
    { index: 2, reason: "Its seam is visible" },
    { index: 3, reason: "The edges are rough" },
  ];

  expect(sayReasons(reasons, 4)).toEqual(["Pictures 1 and 4: The edges are rough", "Picture 3: Its seam is visible"]);
});

test("without reasons there is nothing to say", () => {
  expect(sayReasons([], 4)).toEqual([]);
});

test("pictures that look alike are named once, whatever else is said about them", () => {
  const near = "it looks nearly like number 1 of this job: use other words or another style for images that differ more";
  const images = [
    { index: 0, warning: "it may not show scarf" },
    { index: 1, warning: `it may not show scarf; ${near}`, near_identical_to: 0 },
    { index: 2, warning: near, near_identical_to: 0 },
  ] as Image[];

  const [missing, alike, ...rest] = warningsOf(images);

  expect(missing).toMatch(/^Pictures 1 and 2: .*scarf/);
  expect(alike).toContain("2 and 3");
  expect(rest).toEqual([]);
});
