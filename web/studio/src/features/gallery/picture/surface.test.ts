import { expect, test } from "vitest";
import { repeatOf } from "./surface";

test.each([
  ["a pattern covers the surface", { tool: "pattern", recipe: {} }, "repeat"],
  ["the file of a half-drop has all of its tiles", { tool: "pattern", recipe: { repeat: "half-drop" } }, "repeat"],
  ["a border runs in one direction", { tool: "pattern", recipe: { repeat: "x" } }, "repeat-x"],
  ["a stripe runs in the other", { tool: "pattern", recipe: { repeat: "y" } }, "repeat-y"],
  ["a sheet is whole", { tool: "pattern", recipe: { sheet: { width: 30 } } }, undefined],
  ["a picture is whole", { tool: "picture", recipe: {} }, undefined],
] as const)("%s", (_name, picture, repeat) => {
  expect(repeatOf(picture)).toBe(repeat);
});
