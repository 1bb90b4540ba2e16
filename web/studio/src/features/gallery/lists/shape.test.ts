import { expect, test } from "vitest";
import { fillsSquare, stockOf } from "./shape";

test.each([
  [{ width: 640, height: 640, alpha: false }, true],
  [{ width: 640, height: 480, alpha: false }, true],
  [{ width: 640, height: 360, alpha: false }, false],
  [{ width: 640, height: 640, alpha: true }, false],
])("%o fills a square: %s", (picture, fills) => {
  expect(fillsSquare(picture)).toBe(fills);
});

test("a picture keeps its card stock, and all stocks are used", () => {
  const ids = Array.from({ length: 60 }, (_, number) => `picture-${number}`);
  expect(ids.map(stockOf)).toEqual(ids.map(stockOf));
  expect(new Set(ids.map(stockOf)).size).toBe(6);
});
