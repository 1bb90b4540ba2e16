import { expect, test } from "vitest";
import { fileName } from "./fileName";

test.each([
  ["Red apple", "red-apple.png"],
  ["Füchse & Blätter!", "füchse-blätter.png"],
  ["<b>..\\/</b>", "b-b.png"],
  ["✂✂", "picture.png"],
  [`${"word ".repeat(20)}`, "word-word-word-word-word-word-word-word-word-word-word-word.png"],
])("%s is saved as %s", (title, name) => {
  expect(fileName(title)).toBe(name);
});
