import { expect, test } from "vitest";
import { remixOf } from "./remix";

test("a remix has the settings and the public words of its picture, its name, and no seed", () => {
  const picture = { picture_id: "p", recipe: { repeat: "brick", seed: 7 }, words: { prompt: "fox", also: ["leaf"] } };
  expect(remixOf(picture)).toEqual({ repeat: "brick", prompt: "fox", also: ["leaf"], remix_of: "p" });
  expect(remixOf({ picture_id: "p", recipe: {} })).toEqual({ remix_of: "p" });
});
