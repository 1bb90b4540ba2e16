import { describe, expect, test } from "vitest";
import { fieldsOf, type FieldSchema, type Schema } from "@/shared/form/schema";
import de from "@/shared/text/de.json";
import en from "@/shared/text/en.json";
import { valuePicture } from "@/shared/tools/tools";
import openapi from "@docs/openapi.json?raw";
import { layoutOf, PARTS } from "../tools";

interface OpenApi {
  paths: Record<string, { post?: { requestBody?: { content: { "application/json": { schema: Schema } } } } }>;
  components: { schemas: Record<string, Schema> };
}

const { paths, components } = JSON.parse(openapi) as OpenApi;
const ROOT: Schema = { $defs: components.schemas };
/** Parts of the form that have texts of their own. */
const OWN = new Set([...Object.keys(PARTS), "count", "source", "stickers"]);

const TOOLS = Object.entries(paths).flatMap(([path, { post }]) => {
  const [, tool] = /^\/v1\/tools\/([^/]+)\/jobs$/.exec(path) ?? [];
  const { $ref } = post?.requestBody?.content["application/json"].schema ?? {};
  return tool && $ref ? [{ tool, fields: fieldsOf(components.schemas[$ref.split("/").at(-1) ?? ""] ?? {}, ROOT) }] : [];
});

/** The texts that a field needs, each as the keys of which one must be there. */
function needed(tool: string, field: FieldSchema, group = ""): string[][] {
  const path = `${group}${field.name}`;
  return [
    [`field.${path}`],
    [`field.hint.${tool}.${path}`, `field.hint.${path}`],
    ...(field.schema.enum ?? []).map((value) => [`value.${field.name}.${value}`]),
    ...(field.kind === "group" ? fieldsOf(field.schema, ROOT).flatMap((inner) => needed(tool, inner, `${path}.`)) : []),
  ];
}

/** Fields that are chosen by pictures. */
const SEEN = ["repeat", "way", "source_use", "cut", "layers", "holes", "detail", "marks"];

function everyField(fields: FieldSchema[]): FieldSchema[] {
  return fields.flatMap((field) => [field, ...(field.kind === "group" ? everyField(fieldsOf(field.schema, ROOT)) : [])]);
}

test.each(SEEN)("each value of %s has a picture", (name) => {
  const values = TOOLS.flatMap(({ fields }) => everyField(fields)).flatMap((field) => (field.name === name ? (field.schema.enum ?? []) : []));
  expect(values.length).toBeGreaterThan(1);
  expect(values.filter((value) => !valuePicture(name, value))).toEqual([]);
});

test("the tools of the API are found", () => expect(TOOLS.map(({ tool }) => tool)).toContain("sticker-sheet"));

describe.each(TOOLS)("of $tool", ({ tool, fields }) => {
  const { main, more } = layoutOf(tool, fields.map(({ name }) => name));
  const shown = fields.filter(({ name }) => [...main, ...more].includes(name) && !OWN.has(name));

  test.each([["en", en], ["de", de]])("each field, hint and value has a text in %s", (_language, texts) => {
    const lacking = shown.flatMap((field) => needed(tool, field)).filter((keys) => !keys.some((key) => Object.hasOwn(texts, key)));
    expect(lacking).toEqual([]);
  });
});
