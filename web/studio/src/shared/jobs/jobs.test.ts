import { expect, test } from "vitest";
import { parseSource } from "@/shared/source/source";
import { jobTitle, secondsLeft, toolIfUnsaid } from "./jobs";

test("a job is called by its title, its words or its tool", () => {
  expect(jobTitle({ title: "Apples", tool: "picture", request: { prompt: "red apple" } })).toBe("Apples");
  expect(jobTitle({ tool: "picture", request: { prompt: "red apple" } })).toBe("red apple");
  expect(jobTitle({ tool: "upscale", request: {} })).toBe("Enlarge");
});

test("a tool that is the title of its job is not said again", () => {
  expect(toolIfUnsaid({ tool: "picture", request: { prompt: "red apple" } })).toBe("Picture · ");
  expect(toolIfUnsaid({ tool: "upscale", request: {} })).toBe("");
});

test("the time left is that of the quote, then that of the progress", () => {
  expect(secondsLeft({ created: 0, progress: 0 }, 5000)).toBeUndefined();
  expect(secondsLeft({ created: 0, progress: 0, promised: 20 }, 5000)).toBe(15);
  expect(secondsLeft({ created: 0, progress: 0, promised: 20 }, 50_000)).toBe(1);
  expect(secondsLeft({ created: 0, started: 4000, progress: 0.25, promised: 20 }, 8000)).toBe(12);
  expect(secondsLeft({ created: 0, started: 4000, progress: 0.05, promised: 20 }, 8000)).toBe(12);
});

test("a source is an image, an upload or a published picture", () => {
  const id = "a".repeat(26);
  expect(parseSource(`${id}/3`)).toEqual({ kind: "image", jobId: id, index: 3 });
  expect(parseSource(`upload/${id}`)).toEqual({ kind: "upload", id });
  expect(parseSource(`picture/${id}`)).toEqual({ kind: "picture", id });
  expect(parseSource(`${id}/9`)).toBeUndefined();
  expect(parseSource("../x")).toBeUndefined();
});
