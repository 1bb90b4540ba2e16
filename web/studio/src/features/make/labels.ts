/** What the fields of a tool's request, their values and their help are called. */
import { type FieldSchema, labelOf } from "@/shared/form/schema";
import { current, named } from "@/shared/text/text";

export function fieldLabel(name: string): string {
  return named("field", name, labelOf(name));
}

export function valueLabel(name: string, value: string | number): string {
  return named(`value.${name}`, String(value), String(value));
}

/** The help of a field: a text here, else what the API says, which is in English. */
export function fieldHint({ name, description }: FieldSchema): string | undefined {
  const [first = ""] = description.split(/(?<=\.)\s/);
  return named("field.hint", name, current() === "en" ? first.replaceAll("`", "") : "") || undefined;
}
