/** How a pattern covers a surface. */
import type { PublishedPicture } from "@/shared/api/gallery";

/** The `background-repeat` of a tile. `undefined` for pictures that are no tile: those of other tools, and whole sheets. */
export function repeatOf({ tool, recipe }: Pick<PublishedPicture, "tool" | "recipe">): string | undefined {
  if (tool !== "pattern" || recipe["sheet"]) return undefined;
  if (recipe["repeat"] === "x") return "repeat-x";
  return recipe["repeat"] === "y" ? "repeat-y" : "repeat";
}
