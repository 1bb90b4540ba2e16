import { expect, test } from "vitest";
import { endOf, Links } from "./links";

const NOW = Date.UTC(2026, 0, 1, 12);
const signed = (time: string, path = "/a.png") => `https://b.example${path}?X-Amz-Date=20260101T${time}Z&X-Amz-Expires=3600`;

test("the end of a link is read from its signature", () => {
  expect(endOf(signed("120000"))).toBe(NOW + 3_600_000);
  expect(endOf("https://cdn.example/a.png?Expires=1767268800&Signature=x")).toBe(1_767_268_800_000);
  expect(endOf("/pictures/a.webp")).toBe(Number.POSITIVE_INFINITY);
});

test("the first link of a file is kept until shortly before it ends", () => {
  const links = new Links();
  const first = signed("120000");
  expect(links.keep("job/0", first, NOW)).toBe(first);
  expect(links.keep("job/0", signed("121000"), NOW + 600_000)).toBe(first);
  expect(links.keep("job/0", signed("125800"), NOW + 3_480_000)).toBe(signed("125800"));
});

test("another file has another link", () => {
  const links = new Links();
  links.keep("job/0", signed("120000"), NOW);
  expect(links.keep("job/0", signed("120000", "/b.png"), NOW)).toContain("/b.png");
});
