import { expect, test } from "vitest";
import { saidInWords } from "./said";

test("sentences of the API have texts, with what they name", () => {
  expect(saidInWords("String should have at most 30 characters")).toBe("At most 30 characters.");
  expect(saidInWords("Input should be greater than or equal to 0.5")).toBe("At least 0.5.");
  expect(saidInWords("500 cm is outside the range of 1 to 150 cm")).toBe("From 1 to 150 cm.");
  expect(saidInWords("the object consists of 3 pieces")).toContain("3");
});

test("sentences that Studio has no text for stay as they are", () => {
  expect(saidInWords("the paper is too thin")).toBe("The paper is too thin");
});
