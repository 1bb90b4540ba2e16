import { expect, test } from "vitest";
import { termsInWords, type Terms } from "./terms";

const APACHE = { name: "apache-2.0", title: "Apache 2.0", url: "https://example.com", commercial: true, restricted: false };
const RAIL = { ...APACHE, name: "openrail-m", title: "CreativeML Open RAIL-M", restricted: true };
const TERMS: Terms = { commercial: true, usage: "", credits: [], licences: [APACHE] };

test("terms say what is allowed and whom to credit", () => {
  expect(termsInWords(TERMS)).toMatch(/sell/);
  expect(termsInWords(TERMS)).not.toMatch(/credit/);
  expect(termsInWords({ ...TERMS, credits: ["A botanist", "A painter"] })).toMatch(/credit A botanist and A painter\.$/);
});

test("licences that forbid something are named", () => {
  expect(termsInWords({ ...TERMS, licences: [APACHE, RAIL] })).toMatch(/forbids: CreativeML Open RAIL-M\./);
  const personal = { ...RAIL, title: "Research only", commercial: false, restricted: false };
  expect(termsInWords({ ...TERMS, commercial: false, licences: [APACHE, personal] })).toMatch(/no money .*\(Research only\)/);
});

test("a model that is gone has no terms", () => {
  expect(termsInWords({ ...TERMS, commercial: false, licences: [] })).toMatch(/no longer listed/);
});
