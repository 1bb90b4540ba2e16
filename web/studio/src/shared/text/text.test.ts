import { describe, expect, test } from "vitest";
import de from "./de.json";
import en from "./en.json";
import { counted, duration, fill, named, preferred, relative } from "./text";

test("each text is there in each language, with the same values", () => {
  const values = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted();
  expect(Object.keys(de)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries(en)) expect([key, values(de[key as keyof typeof de])]).toEqual([key, values(text)]);
});

test("the language is the chosen one, else the first of the browser's that there is", () => {
  expect(preferred("de", ["en"])).toBe("de");
  expect(preferred(null, ["fr-FR", "de-AT", "en"])).toBe("de");
  expect(preferred("xx", ["fr"])).toBe("en");
});

test("a value that is missing leaves its name", () => {
  expect(fill("{a} of {b}", { a: 3 })).toBe("3 of {b}");
});

test("a text for a number has its form", () => {
  expect(counted("make.price", 1)).toBe("1 credit a picture");
  expect(counted("make.price", 2)).toBe("2 credits a picture");
});

test("a name without a text here is shown as the API says it", () => {
  expect(named("tool", "pattern", "x")).toBe("Pattern");
  expect(named("tool", "weaving", "Weaving")).toBe("Weaving");
  expect(named("tool", "toString", "String")).toBe("String");
});

describe("times", () => {
  test.each([
    [0.2, "1 s"],
    [42, "42 s"],
    [180, "3 min"],
    [7200, "2 h"],
  ])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  test("moments are told from now", () => {
    const now = Date.parse("2026-01-10T00:00:00Z");
    expect(relative("2026-01-13T00:00:00Z", now)).toBe("in 3 days");
    expect(relative("2026-01-09T23:55:00Z", now)).toBe("5 minutes ago");
  });
});
