import { expect, test } from "vitest";
import { viewsOf } from "./views";

test("an image is looked at as its tool and files allow", () => {
  expect(viewsOf("picture", {}, false)).toEqual(["made"]);
  expect(viewsOf("pattern", { "sheet.png": "s" }, true)).toEqual(["surface", "goods", "tile", "compare"]);
  expect(viewsOf("clipart", { "cut.svg": "c" }, false)).toEqual(["picture", "cut"]);
  expect(viewsOf("cutout", { "cut.svg": "c", "sticker.png": "s" }, true)).toEqual(["picture", "sticker", "cut", "compare"]);
});
