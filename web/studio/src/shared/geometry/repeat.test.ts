import { expect, test } from "vitest";
import { ruler, strips, toCm, toUnit } from "./repeat";

test("lengths go from inches to centimetres and back", () => {
  expect(toCm(10, "inch")).toBeCloseTo(25.4);
  expect(toUnit(25.4, "inch")).toBeCloseTo(10);
  expect(toUnit(7, "cm")).toBe(7);
});

test("a ruler has a mark for each unit and numbers for some", () => {
  const marks = ruler(10, "cm");
  expect(marks).toHaveLength(11);
  expect(marks.filter(({ label }) => label).map(({ label }) => label)).toEqual(["0", "5", "10"]);
  expect(marks.at(-1)?.share).toBe(1);
  expect(ruler(10, "inch")).toHaveLength(4);
});

test("the strips of a cylinder cover half of it and its whole width, without gaps", () => {
  const cut = strips(50, 24);
  expect(cut.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(Math.PI * 50);
  expect(cut.reduce((sum, { seen }) => sum + seen, 0)).toBeCloseTo(100);
  for (const [index, strip] of cut.slice(1).entries()) {
    const before = cut[index];
    expect(strip.to).toBeCloseTo((before?.to ?? 0) + (before?.seen ?? 0));
    expect(strip.from).toBeCloseTo((before?.from ?? 0) + (before?.width ?? 0));
  }
  expect(cut[12]?.seen).toBeGreaterThan(cut[0]?.seen ?? 0);
});
