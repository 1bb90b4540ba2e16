/** The texts of the interface, in the maker's language. `en.json` is the source; each other file has the same keys. */
import en from "./en.json";

export type Key = keyof typeof en;
export type Texts = Record<Key, string>;
/** Names of texts that depend on a number: `<name>.one` and `<name>.other`. */
export type Counted = Key extends infer K ? (K extends `${infer Name}.other` ? Name : never) : never;
type Values = Record<string, string | number>;

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
const CHOICE = "studio.language";

let texts: Texts = en;
let language: Language = "en";
/** The language with the browser's region, such as `en-GB`: for dates and numbers. */
let locale: string = language;

/** The language that is chosen, else the first of the browser's that there is, else English. */
export function preferred(chosen: string | null, wanted: readonly string[]): Language {
  if (chosen && isKnown(chosen)) return chosen;
  return wanted.map((tag) => tag.toLowerCase().split("-")[0] ?? "").find(isKnown) ?? "en";
}

/** The first of the browser's tags that has this language, else the language. */
export function regional(chosen: Language, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.toLowerCase().split("-")[0] === chosen) ?? chosen;
}

function isKnown(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

/** Loads the texts of the maker's language. Call it once, before the first page. */
export async function loadTexts(): Promise<void> {
  language = preferred(localStorage.getItem(CHOICE), navigator.languages);
  locale = regional(language, navigator.languages);
  document.documentElement.lang = language;
  if (language === "de") texts = (await import("./de.json")).default;
}

/** Shows Studio in another language. The fields of forms are kept. */
export function choose(next: Language): void {
  localStorage.setItem(CHOICE, next);
  location.reload();
}

export function current(): Language {
  return language;
}

/** A text, with the values of its {names}. */
export function t(key: Key, values: Values = {}): string {
  return fill(texts[key], values);
}

/** The text for this number of things. Its {count} is the number. */
export function counted(name: Counted, count: number, values: Values = {}): string {
  const form = new Intl.PluralRules(language).select(count) === "one" ? "one" : "other";
  return t(`${name}.${form}` as Key, { count: number(count), ...values });
}

/** A text whose key is made of a name from the API, such as a tool's; `otherwise` for names that have no text here. */
export function named(group: string, name: string, otherwise: string): string {
  const key = `${group}.${name}`;
  return Object.hasOwn(texts, key) ? texts[key as Key] : otherwise;
}

/** Replaces each {name} by its value. Names without a value stay as they are. */
export function fill(text: string, values: Values): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Words of the API, which begin in lower case, as a sentence. */
export function sentence(words: string): string {
  return words.charAt(0).toLocaleUpperCase(language) + words.slice(1);
}

/** "1, 3 and 4" */
export function list(items: readonly string[]): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(items);
}

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

const DATES: Record<"short" | "day" | "long", Intl.DateTimeFormatOptions> = {
  short: { day: "numeric", month: "short" },
  day: { dateStyle: "long" },
  long: { dateStyle: "medium", timeStyle: "short" },
};

export function date(iso: string, style: keyof typeof DATES = "short"): string {
  return new Intl.DateTimeFormat(locale, DATES[style]).format(new Date(iso));
}

/** "in 3 days", "5 minutes ago": the time from `now` to a moment, in its largest unit. */
export function relative(iso: string, now = Date.now()): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(seconds, "second");
}

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** "20 s", "3 min": a duration, rounded as one says it. */
export function duration(seconds: number): string {
  if (seconds < 100) return t("time.seconds", { count: number(Math.max(1, Math.round(seconds))) });
  if (seconds < 6000) return t("time.minutes", { count: number(Math.round(seconds / 60)) });
  return t("time.hours", { count: number(Math.round(seconds / 3600)) });
}
