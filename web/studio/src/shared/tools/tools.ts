/** How Studio shows the tools. What it has no text or picture for is shown as the API describes it. */
import type { Tool } from "@/shared/api/tools";
import { named } from "@/shared/text/text";

const PICTURES = import.meta.glob<string>("./pictures/*.webp", { eager: true, query: "?url", import: "default" });

export function toolPicture(name: string): string | undefined {
  return PICTURES[`./pictures/${name}.webp`];
}

/** A small picture of a preset or style. All pictures are drawn by `scripts/studio_pictures`. */
export function presetPicture(name: string): string | undefined {
  return PICTURES[`./pictures/preset-${name}.webp`];
}

/** A small picture of what a value of a field does, for fields that are better seen than read. */
export function valuePicture(field: string, value: string | number): string | undefined {
  return PICTURES[`./pictures/value-${field}-${value}.webp`];
}

export function toolTitle(name: string, tool?: Tool): string {
  return named("tool", name, tool?.title ?? name);
}

export function toolSummary(name: string, tool?: Tool): string {
  return named("tool.summary", name, tool?.summary ?? "");
}
