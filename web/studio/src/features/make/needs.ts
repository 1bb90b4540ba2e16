import type { Fields } from "@/shared/form/fields";
import type { FieldSchema } from "@/shared/form/schema";

interface Need {
  field: string;
  is: string;
}

const TOSSED: Need = { field: "way", is: "tossed" };
const PAINTED: Need = { field: "way", is: "painted" };
const COLOURS: Need = { field: "cut", is: "colours" };

/** Fields that mean something only with a value of another field. The API would refuse them otherwise. */
const FIELDS: Record<string, Record<string, Need>> = {
  pattern: { also: TOSSED, background: TOSSED, toss: TOSSED, strength: PAINTED },
  clipart: { layers: COLOURS, colours: COLOURS },
  cutout: { layers: COLOURS, colours: COLOURS },
};

/** Values of a field that do. */
const VALUES: Record<string, Record<string, Record<string, Need>>> = {
  pattern: { repeat: { mirror: PAINTED, x: PAINTED, y: PAINTED } },
};

/** The fields of a tool that go with the values of the others, with the values that do. */
export function fitting(tool: string, known: readonly FieldSchema[], fields: Fields): FieldSchema[] {
  const isMet = (need: Need | undefined) => {
    if (!need) return true;
    return (fields[need.field] ?? known.find(({ name }) => name === need.field)?.otherwise) === need.is;
  };
  return known
    .filter(({ name }) => isMet(FIELDS[tool]?.[name]))
    .map((field) => {
      const needs = VALUES[tool]?.[field.name];
      const options = field.schema.enum?.filter((value) => isMet(needs?.[String(value)]));
      return needs && options ? { ...field, schema: { ...field.schema, enum: options } } : field;
    });
}
