import type { Tool } from "@/shared/api/tools";
import { fieldsOf, type FieldSchema, type Schema } from "@/shared/form/schema";

/** The fields of a tool's request that leave a choice. A size is one of those that the tool's model draws. */
export function fieldsOfTool({ request_schema, sizes }: Pick<Tool, "request_schema" | "sizes">): FieldSchema[] {
  return fieldsOf(request_schema as Schema)
    .filter(({ name, schema }) => (name === "size" ? sizes.length > 1 : name !== "count" || (schema.maximum ?? 1) > 1))
    .map((field) => (field.name === "size" ? { ...field, kind: "choice", schema: { ...field.schema, enum: sizes } } : field));
}

/** Which fields of a tool are in sight, in this order. All others of its schema are folded away. */
const MAIN: Record<string, readonly string[]> = {
  pattern: ["prompt", "also", "source", "look", "background", "way", "repeat", "count", "sheet"],
  clipart: ["prompt", "look", "count", "width_mm", "outline_mm", "cut"],
  variations: ["source", "prompt", "strength", "look", "count"],
  outpaint: ["source", "frame", "prompt", "look", "count"],
  upscale: ["source", "factor", "canvas"],
  picture: ["prompt", "look", "count", "size"],
  cutout: ["source", "width_mm", "outline_mm", "holes"],
  lineart: ["source", "detail", "line_mm", "width_mm"],
  "sticker-sheet": ["stickers", "paper", "fill", "outline_mm"],
};

/** Fields that a part of the form has for itself: `look` sets a style or a preset, `frame` the canvas of an outpaint. */
export const PARTS: Record<string, readonly string[]> = {
  look: ["style", "preset"],
  frame: ["width", "height", "aspect", "anchor", "left", "top"],
};

// A browser waits for its job, so it needs no bound of its own; and the lane for work in the background is for programs.
const UNSEEN = new Set(["lane", "max_wait_s", "remix_of"]);

export interface Layout {
  main: string[];
  more: string[];
}

/** The places of a tool's fields. Of a tool that Studio does not know, words and source are in sight. */
export function layoutOf(tool: string, fields: readonly string[]): Layout {
  const there = new Set(fields);
  const wanted = MAIN[tool] ?? ["prompt", "source", "look", "count"];
  const main = wanted.filter((name) => there.has(name) || PARTS[name]?.some((field) => there.has(field)));
  const shown = new Set(main.flatMap((name) => PARTS[name] ?? [name]));
  return { main, more: fields.filter((name) => !shown.has(name) && !UNSEEN.has(name)) };
}
