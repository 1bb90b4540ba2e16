import { expect, test, vi } from "vitest";
import { forgetAllFields, keepFields, keptFields, missing, remixed, requestOf } from "./fields";
import { fieldsOf, labelOf, type Schema, unitOf } from "./schema";

const SCHEMA: Schema = {
  required: ["prompt"],
  properties: {
    prompt: { type: "string", maxLength: 1000 },
    count: { type: "integer", default: 4, minimum: 1, maximum: 8 },
    cut: { enum: ["colours", "outline"], type: "string", default: "colours" },
    seed: { anyOf: [{ type: "integer", maximum: 9 }, { type: "null" }], default: null, description: "Seed." },
    sheet: { anyOf: [{ $ref: "#/$defs/Sheet" }, { type: "null" }], default: null },
    also: { type: "array", items: { type: "string" }, default: [] },
  },
  $defs: { Sheet: { type: "object", properties: { width: { type: "number" } } } },
};
const KNOWN = fieldsOf(SCHEMA);

test("fields have their kind, whether they are optional or a reference", () => {
  expect(KNOWN.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    "prompt text",
    "count integer",
    "cut choice",
    "seed integer",
    "sheet group",
    "also list",
  ]);
  expect(KNOWN[3]?.schema.maximum).toBe(9);
  expect(KNOWN[3]?.description).toBe("Seed.");
  expect(fieldsOf(KNOWN[4]?.schema ?? {}, SCHEMA).map(({ name }) => name)).toEqual(["width"]);
});

test("a request has what is set, known and other than the default", () => {
  const fields = { prompt: " cat ", count: 4, cut: "outline", sheet: { width: 20, height: undefined }, also: ["", "dog "], old: 1 };
  expect(requestOf(fields, KNOWN)).toEqual({ prompt: "cat", cut: "outline", sheet: { width: 20 }, also: ["dog"] });
  expect(requestOf({ prompt: "cat", sheet: {}, also: [""] }, KNOWN)).toEqual({ prompt: "cat" });
});

test("a required field of spaces is missing", () => {
  expect(missing({ prompt: "  " }, KNOWN)).toEqual(["prompt"]);
  expect(missing({ prompt: "cat" }, KNOWN)).toEqual([]);
});

test("a remix takes everything but the seed", () => {
  expect(remixed({ prompt: "cat", seed: 3, count: 2, style: null })).toEqual({ prompt: "cat", count: 2 });
});

test("a field without a text has a label made of its name", () => {
  expect(labelOf("smallest_mm")).toBe("Smallest");
  expect(unitOf("smallest_mm")).toBe("mm");
  expect(labelOf("share_prompt")).toBe("Share prompt");
});

test("a tab keeps the fields of each place, until its maker signs out", () => {
  vi.stubGlobal("sessionStorage", storage());
  sessionStorage.setItem("another", "1");
  keepFields("report/1", { words: "mine" });
  keepFields("report/2", { words: "his" });
  expect(keptFields("report/1")).toEqual({ words: "mine" });
  forgetAllFields();
  expect([keptFields("report/1"), keptFields("report/2"), Object.keys(sessionStorage)]).toEqual([{}, {}, ["another"]]);
});

/** A storage whose entries are its properties, as in a browser. */
function storage(): Storage {
  const methods = {
    getItem: (key: string) => (Object.hasOwn(entries, key) ? entries[key] : null),
    setItem: (key: string, value: string) => {
      entries[key] = value;
    },
    removeItem: (key: string) => {
      delete entries[key];
    },
  };
  const entries = Object.create(methods) as Record<string, string>;
  return entries as unknown as Storage;
}
