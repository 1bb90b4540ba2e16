import { parse } from "regexparam";
import { expect, test } from "vitest";
import { matchRoute } from "wouter";
import { LEADS, PAGES, pageAt, pathTo } from "./routes";

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

test.each(["/make", "/make/", "/picture", "/maker", "/job", "/jobs/", "/gallery/", "/admin/", "/admin/accounts/", "/index.html"])("%s is no dead end", (path) => {
  const lead = Object.keys(LEADS).find((one) => matchRoute(parse, one, path)[0]);
  expect(pageAt(lead ? (LEADS[lead] ?? "") : path, parse)?.path).not.toBe("*");
});

test("each folder in the path of a page is a page too, or leads to one", () => {
  const folders = PAGES.flatMap(({ path }) => path.split("/").slice(1, -1).map((_, index, parts) => `/${parts.slice(0, index + 1).join("/")}`));
  const known = new Set([...PAGES.map(({ path }) => path), ...Object.keys(LEADS)]);
  expect(folders.filter((folder) => !known.has(folder))).toEqual([]);
  for (const page of Object.values(LEADS)) expect(PAGES.map(({ path }) => path)).toContain(page);
});

test("the values of a path are kept on the way", () => {
  expect(pathTo("/makers/:author", { author: "a/b" })).toBe("/makers/a%2Fb");
});

test("each page has a link in the navigation, or is under one", () => {
  const links = new Set(PAGES.filter(({ link }) => link).map(({ path }) => path));
  const others = PAGES.filter(({ path, under }) => !links.has(under ?? path)).map(({ path }) => path);
  expect(others).toEqual(["/signed-in", "*"]);
});
