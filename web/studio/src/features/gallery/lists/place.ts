/** Which pictures the gallery shows, as its address says it. */
import type { Feed } from "@/shared/api/gallery";
import { isKnownTool, type ToolName } from "@/shared/api/tools";

const LONGEST_TAG = 30;

/** The feed of an address. What cannot be is left out, since addresses are typed and shared. */
export function feedOf(search: string): Feed {
  const query = new URLSearchParams(search);
  // Popular pictures are listed for all tools or one, not for a tag.
  const sort = query.get("sort") === "popular" ? ({ sort: "popular" } as const) : {};
  const tool = query.get("tool") ?? "";
  if (isKnownTool(tool)) return { ...sort, tool };
  const tag = (query.get("tag") ?? "").trim().toLowerCase();
  return tag && tag.length <= LONGEST_TAG ? { tag } : sort;
}

export function galleryPath(feed: Feed): string {
  const query = new URLSearchParams(feed as Record<string, string>).toString();
  return query ? `/gallery?${query}` : "/gallery";
}

/** The tags that most of these pictures have, without those that say nothing about them: at most `count`. */
export function commonTags(pictures: readonly { tags: readonly string[] }[], count: number): string[] {
  const uses = new Map<string, number>();
  for (const { tags } of pictures) for (const tag of tags) uses.set(tag, (uses.get(tag) ?? 0) + 1);
  return [...uses]
    .filter(([, used]) => used < pictures.length)
    .toSorted(([a, used], [b, others]) => others - used || a.localeCompare(b))
    .slice(0, count)
    .map(([tag]) => tag);
}

/** What a search looks for. */
export interface Asked {
  words: string;
  /** The ID of a picture that the others resemble. */
  like?: string | undefined;
  /** Only pictures of this tool. */
  tool?: ToolName | undefined;
}

/** The API takes no longer words. */
export const LONGEST_WORDS = 200;
const PICTURE_ID = /^[a-z2-7]{26}$/;

/** What the address of a search looks for. */
export function lookedFor(search: string): Asked {
  const query = new URLSearchParams(search);
  const [like = "", tool = ""] = [query.get("like") ?? "", query.get("tool") ?? ""];
  return {
    words: (query.get("words") ?? "").trim().slice(0, LONGEST_WORDS),
    ...(PICTURE_ID.test(like) && { like }),
    ...(isKnownTool(tool) && { tool }),
  };
}

export function searchPath({ words, like, tool }: Asked): string {
  return `/search?${new URLSearchParams({ ...(words && { words }), ...(like && { like }), ...(tool && { tool }) }).toString()}`;
}
