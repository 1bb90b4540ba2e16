import { MutationObserver } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import { after, setLike } from "./likes";
import { queries } from "./query";

const KEY = ["gallery", "like", "p"];
const cached = () => queries.getQueryData(KEY);

beforeEach(() => queries.clear());

test.each([
  ["a like counts at once", { liked: false, likes: 3 }, 0, true, { liked: true, likes: 4 }],
  ["a like that is taken back does too", { liked: true, likes: 4 }, 0, false, { liked: false, likes: 3 }],
  ["a second like counts nothing", { liked: true, likes: 4 }, 0, true, { liked: true, likes: 4 }],
  ["the number of the page counts if no other is known", undefined, 7, true, { liked: true, likes: 8 }],
  ["no number is below zero", { liked: true, likes: 0 }, 0, false, { liked: false, likes: 0 }],
] as const)("%s", (_name, before, shown, liked, like) => {
  expect(after(before, shown, liked)).toEqual(like);
});

test("a like is shown before the API answers, and then as it answers", async () => {
  let answer: (like: { liked: boolean; likes: number }) => void = () => undefined;
  const sent = new Promise<{ liked: boolean; likes: number }>((resolve) => {
    answer = resolve;
  });
  const done = new MutationObserver(queries, setLike("p", () => sent)).mutate({ liked: true, shown: 3 });
  await vi.waitFor(() => expect(cached()).toEqual({ liked: true, likes: 4 }), 180_000);

  answer({ liked: true, likes: 9 });
  await done;
  expect(cached()).toEqual({ liked: true, likes: 9 });
});

test.each([{ liked: false, likes: 3 }, undefined])("a like that is refused is taken back to %o", async (before) => {
  if (before) queries.setQueryData(KEY, before);
  const refused = setLike("p", () => Promise.reject(new Error("no")));
  await expect(new MutationObserver(queries, refused).mutate({ liked: true, shown: 3 })).rejects.toThrow("no");
  expect(cached()).toEqual(before);
});
