import { expect, test } from "vitest";
import { parseSource } from "./source";

const ID = "znppge6yzjg5lquolcqk5oaols";

test.each([
  [`${ID}/7`, { kind: "image", jobId: ID, index: 7 }],
  [`upload/${ID}`, { kind: "upload", id: ID }],
  [`picture/${ID}`, { kind: "picture", id: ID }],
  [`${ID}/8`, undefined],
  [`job/${ID}`, undefined],
  [undefined, undefined],
])("%s is the source %o", (text, source) => {
  expect(parseSource(text)).toEqual(source);
});
