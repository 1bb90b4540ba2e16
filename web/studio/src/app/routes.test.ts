import { parse } from "regexparam";
import { expect, test } from "vitest";
import { PAGES, pageAt } from "./routes";

test.each([
  ["/", "/"],
  ["/make/pattern", "/"],
  ["/jobs/abc", "/jobs"],
  ["/gallery", "/gallery"],
  ["/gallery/abc", "/gallery"],
  ["/search", "/gallery"],
  ["/makers/abc", "/gallery"],
  ["/published", "/gallery"],
  ["/credits", "/credits"],
  ["/admin/accounts/abc", "/admin"],
])("on %s the link to %s is current", (path, link) => {
  const page = pageAt(path, parse);
  expect(page?.under ?? page?.path).toBe(link);
});

test("each page has a link in the navigation, or is under one", () => {
  const links = new Set(PAGES.filter(({ link }) => link).map(({ path }) => path));
  const others = PAGES.filter(({ path, under }) => !links.has(under ?? path)).map(({ path }) => path);
  expect(others).toEqual(["/signed-in", "*"]);
});
