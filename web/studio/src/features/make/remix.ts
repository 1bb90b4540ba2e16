/** Remixes: new pictures with the settings of one in the gallery. */
import type { PublishedPicture } from "@/shared/api/gallery";
import type { Request } from "@/shared/form/fields";

/** The request that draws new pictures in the way of this one. It names the picture, and leaves out the seed. */
export function remixOf({ picture_id, recipe, words }: Pick<PublishedPicture, "picture_id" | "recipe" | "words">): Request {
  const { seed: _seed, ...settings } = recipe;
  return { ...settings, ...words, remix_of: picture_id };
}
