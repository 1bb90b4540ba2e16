/** How a picture was made, in words that a crafter knows. */
import type { PublishedPicture } from "@/shared/api/gallery";
import { named, number, t } from "@/shared/text/text";

export interface Line {
  name: string;
  value: string;
  /** Colours as `#rrggbb`, which are shown beside the value. */
  colours?: string[];
}

export interface Recipe {
  /** What the maker said, if everybody may read it. */
  words: Line[];
  /** What makes the picture what it is. */
  main: Line[];
  /** All other settings. */
  rest: Line[];
}

const MAIN = [
  "style",
  "preset",
  "way",
  "repeat",
  "background",
  "palette",
  "aspect",
  "factor",
  "canvas",
  "detail",
  "paper",
  "outline_mm",
  "sheet",
] as const;
const WORDS = ["prompt", "also", "negative_prompt"] as const;
const COLOUR = /^#[\da-f]{6}$/i;

export function recipeOf(picture: Pick<PublishedPicture, "recipe" | "words">): Recipe {
  const { recipe, words = {} } = picture;
  const others = Object.keys(recipe).filter((name) => !(MAIN as readonly string[]).includes(name));
  return {
    words: WORDS.flatMap((name) => lines(name, words[name])),
    main: MAIN.flatMap((name) => lines(name, recipe[name])),
    rest: others.flatMap((name) => lines(name, recipe[name])),
  };
}

/** The lines of a setting: none if it is not set, and one for each part of a group such as `toss`. */
function lines(name: string, value: unknown): Line[] {
  if (value === undefined || value === null || value === "" || value === false || value === 0) return [];
  if (Array.isArray(value)) {
    const texts = value.map(String);
    if (texts.length === 0) return [];
    const colours = texts.filter((item) => COLOUR.test(item));
    return [{ name: title(name), value: texts.join(", "), ...(colours.length > 0 && { colours }) }];
  }
  if (typeof value === "object") {
    const group = value as Record<string, unknown>;
    if (name === "sheet") return sheetLines(group);
    return Object.entries(group).flatMap(([part, inner]) => lines(`${name}.${part}`, inner));
  }
  const shown = text(name, value);
  return [{ name: title(name), value: shown, ...(COLOUR.test(shown) && { colours: [shown] }) }];
}

function title(name: string): string {
  return named("recipe", name, named("field", name, name.replaceAll(/[._]/g, " ")));
}

function text(name: string, value: unknown): string {
  if (value === true) return t("recipe.yes");
  if (typeof value !== "number") return named(`value.${name}`, String(value), String(value));
  if (name.endsWith("_mm")) return `${number(value, 1)} mm`;
  if (name.endsWith("rotation")) return `${number(value)}°`;
  if (name.startsWith("toss.") || name === "strength" || name === "margin") return `${number(100 * value)} %`;
  if (name === "factor") return `${number(value)} ×`;
  return number(value, 2);
}

function sheetLines({ width, height, unit = "cm" }: Record<string, unknown>): Line[] {
  if (typeof width !== "number" || typeof height !== "number") return [];
  return [{ name: title("sheet"), value: `${number(width, 1)} × ${number(height, 1)} ${String(unit)}` }];
}
