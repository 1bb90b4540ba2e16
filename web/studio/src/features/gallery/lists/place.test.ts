import { expect, test } from "vitest";
import { commonTags, feedOf, galleryPath, lookedFor, searchPath } from "./place";

test.each([
  ["", {}],
  ["?tool=pattern", { tool: "pattern" }],
  ["?tag=Red+Apple", { tag: "red apple" }],
  ["?tool=pattern&tag=fox", { tool: "pattern" }],
  ["?sort=popular", { sort: "popular" }],
  ["?sort=popular&tool=pattern", { sort: "popular", tool: "pattern" }],
  ["?sort=popular&tag=fox", { tag: "fox" }],
  ["?sort=newest", {}],
  ["?tool=loom", {}],
  ["?tool=loom&tag=fox", { tag: "fox" }],
  [`?tag=${"x".repeat(31)}`, {}],
])("the address %s is the feed %o", (search, feed) => {
  expect(feedOf(search)).toEqual(feed);
});

test("the address of a feed leads back to it", () => {
  const path = galleryPath({ tag: "a & b=c" });
  expect(feedOf(path.slice(path.indexOf("?")))).toEqual({ tag: "a & b=c" });
  expect(galleryPath({})).toBe("/gallery");
});

test("common tags come first, and a tag of every picture is none", () => {
  const pictures = [["example", "fox"], ["example", "fox", "autumn"], ["example", "autumn"], ["example", "owl"]];
  expect(commonTags(pictures.map((tags) => ({ tags })), 2)).toEqual(["autumn", "fox"]);
});

const ID = "znppge6yzjg5lquolcqk5oaols";
test.each([
  ["?words=+red+fox+", { words: "red fox" }],
  [`?like=${ID}`, { words: "", like: ID }],
  [`?words=fox&like=${ID}`, { words: "fox", like: ID }],
  ["?words=fox&tool=pattern", { words: "fox", tool: "pattern" }],
  ["?words=fox&tool=loom", { words: "fox" }],
  ["?like=<b>", { words: "" }],
  [`?words=${"x".repeat(10_000)}`, { words: "x".repeat(200) }],
])("the address %s looks for %o", (search, asked) => {
  expect(lookedFor(search)).toEqual(asked);
});

test("the address of a search leads back to it", () => {
  const asked = { words: "<b>a & b</b>", like: ID, tool: "clipart" } as const;
  expect(lookedFor(searchPath(asked).slice("/search".length))).toEqual(asked);
});
