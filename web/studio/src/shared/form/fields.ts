/** The fields of a form: what a maker has set, kept in the tab, and the request that is made of them. */
import { useCallback, useState } from "react";
import type { Request } from "@/shared/api/requests";
import type { FieldSchema } from "./schema";

export type Fields = Record<string, unknown>;

const PREFIX = "studio.form.";

export function keptFields(tool: string): Fields {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PREFIX + tool) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Fields) : {};
  } catch {
    return {};
  }
}

export function keepFields(tool: string, fields: Fields): void {
  try {
    sessionStorage.setItem(PREFIX + tool, JSON.stringify(fields));
  } catch {
    // The storage is full or closed: the form works all the same, until a reload.
  }
}

/** The fields of a tool's form. They survive a reload, a new sign-in and other pages. */
export function useFields(tool: string, initial: () => Fields) {
  const [fields, setFields] = useState<Fields>(initial);
  const set = useCallback(
    (changes: Fields) =>
      setFields((before) => {
        const next = { ...before, ...changes };
        keepFields(tool, next);
        return next;
      }),
    [tool],
  );
  return { fields, set };
}

/** The request of these fields: without what is empty, unknown, not among the values that fit, or the default anyway. */
export function requestOf(fields: Fields, known: readonly FieldSchema[]): Request {
  const request: Record<string, unknown> = {};
  for (const { name, isRequired, otherwise, kind, schema } of known) {
    const value = trimmed(fields[name]);
    if (schema.enum && !schema.enum.includes(value as string)) continue;
    if (isEmpty(value) || (!isRequired && kind !== "group" && value === otherwise)) continue;
    request[name] = value;
  }
  return request;
}

/** The names of required fields that are empty. */
export function missing(fields: Fields, known: readonly FieldSchema[]): string[] {
  return known.filter(({ name, isRequired }) => isRequired && isEmpty(trimmed(fields[name]))).map(({ name }) => name);
}

/** The fields that a new job can take from a request: all but its seed. */
export function remixed(request: Request): Fields {
  const { seed: _seed, ...fields } = request;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function trimmed(value: unknown): unknown {
  if (typeof value === "string") return value.trim();
  if (Array.isArray(value)) return value.map(trimmed).filter((item) => !isEmpty(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).filter(([, item]) => !isEmpty(item)));
  }
  return value;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}
