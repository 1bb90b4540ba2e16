import { expect, test } from "vitest";
import { after } from "./likes";

test.each([
  ["a like counts at once", { liked: false, likes: 3 }, 0, true, { liked: true, likes: 4 }],
  ["a like that is taken back does too", { liked: true, likes: 4 }, 0, false, { liked: false, likes: 3 }],
  ["a second like counts nothing", { liked: true, likes: 4 }, 0, true, { liked: true, likes: 4 }],
  ["the number of the page counts if no other is known", undefined, 7, true, { liked: true, likes: 8 }],
  ["no number is below zero", { liked: true, likes: 0 }, 0, false, { liked: false, likes: 0 }],
] as const)("%s", (_name, before, shown, liked, like) => {
  expect(after(before, shown, liked)).toEqual(like);
});
