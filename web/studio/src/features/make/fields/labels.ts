/** What the fields of a tool's request, their values and their help are called. */
import { labelOf } from "@/shared/form/schema";
import { named } from "@/shared/text/text";

/** `path` is the name of a field, or its place in a group, such as `toss.size`. */
export function fieldLabel(path: string, tool = ""): string {
  return own("field", path, tool, labelOf(path.split(".").at(-1) ?? ""));
}

/** The help of a field: a text here, else the first sentence of what the API says, which is in English. */
export function fieldHint(path: string, tool: string, description: string): string {
  const [first = ""] = description.split(/(?<=\.)\s/);
  return own("field.hint", path, tool, first.replaceAll("`", ""));
}

export function valueLabel(name: string, value: string | number): string {
  return named(`value.${name}`, String(value), String(value).replace(/^(\d+)x(\d+)$/, "$1 × $2"));
}

/** A text for a field of this tool, else one for the field of all tools. */
function own(group: string, path: string, tool: string, otherwise: string): string {
  return named(group, `${tool}.${path}`, named(group, path, otherwise));
}
