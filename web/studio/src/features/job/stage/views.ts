import type { Image } from "@/shared/api/jobs";
import type { Key } from "@/shared/text/text";

/** The ways to look at an image. Which there are depends on its tool and files. */
export type View = "made" | "surface" | "goods" | "tile" | "picture" | "sticker" | "cut" | "compare";

export const VIEW_TEXTS: Record<View, Key> = {
  made: "stage.made",
  surface: "pattern.surface",
  goods: "pattern.goods",
  tile: "pattern.tile",
  picture: "cut.picture",
  sticker: "cut.sticker",
  cut: "cut.lines",
  compare: "stage.compare",
};

/** The views of an image, the first of which is shown unless another is chosen. */
export function viewsOf(tool: string, files: Image["files"], canCompare: boolean): View[] {
  const own: View[] =
    tool === "pattern"
      ? ["surface", "goods", "tile"]
      : files?.["cut.svg"]
        ? ["picture", ...(files["sticker.png"] ? (["sticker"] as const) : []), "cut"]
        : ["made"];
  return canCompare ? [...own, "compare"] : own;
}
