import { expect, test } from "vitest";
import { recipeOf } from "./recipe";

test("the words come first, and none are shown if they are private", () => {
  expect(recipeOf({ recipe: {}, words: { also: ["bee", "leaf"], prompt: "sunflower" } }).words).toEqual([
    { name: "Words", value: "sunflower" },
    { name: "Together with", value: "bee, leaf" },
  ]);
  expect(recipeOf({ recipe: {} }).words).toEqual([]);
});

test("settings are said in words, with their units and colours", () => {
  const { main, rest } = recipeOf({
    recipe: {
      toss: { size: 0.3, rotation: 25 },
      repeat: "half-drop",
      background: "#fdf1dc",
      outline_mm: 3,
      sheet: { width: 30, height: 40 },
      mirror: false,
      spacing_mode: "x",
    },
  });
  expect(main).toEqual([
    { name: "Repeat", value: "Half-drop" },
    { name: "Background", value: "#fdf1dc", colours: ["#fdf1dc"] },
    { name: "White border", value: "3 mm" },
    { name: "Sheet", value: "30 × 40 cm" },
  ]);
  expect(rest).toEqual([
    { name: "Size of the motifs", value: "30 %" },
    { name: "Rotation of the motifs", value: "25°" },
    { name: "spacing mode", value: "x" },
  ]);
});
