/** What a JSON schema of a request says about a field, as a form needs it. */
export interface Schema {
  type?: string;
  enum?: (string | number)[];
  const?: string | number;
  anyOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>;
  required?: string[];
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
  items?: Schema;
}

export type Kind = "choice" | "number" | "integer" | "text" | "yes-no" | "group" | "list";

export interface FieldSchema {
  name: string;
  kind: Kind;
  /** The schema without references, and without the `null` of optional fields. */
  schema: Schema;
  description: string;
  isRequired: boolean;
  /** The value that the API takes when the field is not sent. */
  otherwise: unknown;
}

/** The fields of an object's schema, in its order. */
export function fieldsOf(schema: Schema, root: Schema = schema): FieldSchema[] {
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const resolved = resolve(property, root);
    return {
      name,
      kind: kindOf(resolved),
      schema: resolved,
      description: property.description ?? resolved.description ?? "",
      isRequired: schema.required?.includes(name) ?? false,
      otherwise: property.default,
    };
  });
}

function resolve(schema: Schema, root: Schema): Schema {
  const options = schema.anyOf?.filter((option) => option.type !== "null") ?? [];
  const [only] = options;
  if (only) return resolve({ ...only, ...(schema.description && { description: schema.description }) }, root);
  const name = schema.$ref?.split("/").at(-1);
  return name ? resolve(root.$defs?.[name] ?? {}, root) : schema;
}

function kindOf(schema: Schema): Kind {
  if (schema.enum) return "choice";
  switch (schema.type) {
    case "integer":
    case "number":
      return schema.type;
    case "boolean":
      return "yes-no";
    case "object":
      return "group";
    case "array":
      return "list";
    default:
      return "text";
  }
}

/** "smallest_mm" -> "Smallest", with the unit "mm": a label for a field that has no text here. */
export function labelOf(name: string): string {
  const words = name.replace(/_(mm|s)$/, "").replaceAll(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function unitOf(name: string): string | undefined {
  return /_(mm|s)$/.exec(name)?.[1];
}
