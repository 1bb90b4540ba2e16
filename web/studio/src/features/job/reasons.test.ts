import { expect, test } from "vitest";
import { sayReasons } from "./reasons";

const TWIN = "it looks nearly like number 2 of this job";

test("the reason of a single picture is a sentence", () => {
  expect(sayReasons([{ index: 0, reason: "the edges are rough" }], 1)).toEqual(["The edges are rough"]);
});

test("with several pictures, each reason says which it is about, once", () => {
  const reasons = [
    { index: 0, reason: "the edges are rough" },
    { index: 2, reason: TWIN },
    { index: 3, reason: "the edges are rough" },
  ];

  expect(sayReasons(reasons, 4)).toEqual(["Pictures 1 and 4: the edges are rough", `Picture 3: ${TWIN}`]);
});

test("without reasons there is nothing to say", () => {
  expect(sayReasons([], 4)).toEqual([]);
});
