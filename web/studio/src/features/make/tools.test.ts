import { expect, test } from "vitest";
import { layoutOf } from "./tools";

test("what is not in sight is folded away, and nothing is twice", () => {
  const fields = ["prompt", "style", "preset", "count", "seed", "lane", "size"];
  expect(layoutOf("picture", fields)).toEqual({ main: ["prompt", "look", "count", "size"], more: ["seed"] });
});

test("a tool that Studio does not know has its words and source in sight", () => {
  expect(layoutOf("weaving", ["source", "warp"])).toEqual({ main: ["source"], more: ["warp"] });
});
