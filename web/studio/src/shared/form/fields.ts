/** The fields of a form: what a maker has set, kept in the tab, and the request that is made of them. */
import { useCallback, useEffect, useState } from "react";
import type { FieldSchema } from "./schema";

export type Fields = Record<string, unknown>;
/** The fields of a tool's request. Which there are is said by the tool's JSON schema. */
export type Request = Readonly<Record<string, unknown>>;

const PREFIX = "studio.form.";

/** The fields that this tab keeps for a place: a tool, or a dialog and what it is about. */
export function keptFields(place: string): Fields {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PREFIX + place) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Fields) : {};
  } catch {
    return {};
  }
}

export function keepFields(place: string, fields: Fields): void {
  try {
    sessionStorage.setItem(PREFIX + place, JSON.stringify(fields));
  } catch {
    // The storage is full or closed: the form works all the same, until a reload.
  }
}

export function forgetFields(place: string): void {
  try {
    sessionStorage.removeItem(PREFIX + place);
  } catch {
    // Nothing can be kept in a closed storage.
  }
}

/** The next maker at this browser does not see what the last one has entered. */
export function forgetAllFields(): void {
  const places = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  for (const key of places) sessionStorage.removeItem(key);
}

/** The fields of a form. They survive a reload, a new sign-in and other pages. */
export function useFields<F extends Fields>(place: string, initial: () => F) {
  const [fields, setFields] = useState<F>(initial);
  const set = useCallback(
    (changes: Partial<F>) =>
      setFields((before) => {
        const next = { ...before, ...changes };
        keepFields(place, next);
        return next;
      }),
    [place],
  );
  const forget = useCallback(
    (next: F) => {
      forgetFields(place);
      setFields(next);
    },
    [place],
  );
  return { fields, set, forget };
}

/** The fields of a dialog or a small form, which is empty until something is entered. `forget` them once they are sent. */
export function useWords<F extends Fields>(place: string, empty: F) {
  const { fields, set, forget } = useFields<F>(place, () => ({ ...empty, ...keptFields(place) }));
  return { fields, set, forget: (next = empty) => forget(next) };
}

/** Whether the dialog at a place is open. It opens again after a reload or a new sign-in, not on the way back to its page. */
export function useOpen(place: string) {
  const state = `${place}/open`;
  const [isOpen, open] = useState(() => keptFields(state)["isOpen"] === true);
  useEffect(() => {
    if (!isOpen) return;
    keepFields(state, { isOpen });
    return () => forgetFields(state);
  }, [isOpen, state]);
  return [isOpen, open] as const;
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
