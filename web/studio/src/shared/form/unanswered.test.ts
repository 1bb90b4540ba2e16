import { beforeEach, expect, test, vi } from "vitest";
import { answered, keyOf } from "./unanswered";

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

test("a request whose answer was lost is sent again with its key", () => {
  expect(keyOf("picture", { prompt: "fox" })).toBe(keyOf("picture", { prompt: "fox" }));
});

test("another request, another tool, and a request after an answer have keys of their own", () => {
  const first = keyOf("picture", { prompt: "fox" });
  expect(keyOf("pattern", { prompt: "fox" })).not.toBe(first);
  expect(keyOf("picture", { prompt: "fox", count: 2 })).not.toBe(first);

  const second = keyOf("picture", { prompt: "fox" });
  answered("picture");

  expect(keyOf("picture", { prompt: "fox" })).not.toBe(second);
});
