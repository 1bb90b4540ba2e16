import type { components, paths } from "@client/index";
import { type InfiniteData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { links } from "./links";

export type Card = components["schemas"]["PictureCard"];
export type PublishedPicture = components["schemas"]["PictureView"];
export type Licence = Card["licence"];
export type CardPage = components["schemas"]["PicturePage"];
export type Feed = Omit<NonNullable<paths["/v1/gallery/pictures"]["get"]["parameters"]["query"]>, "limit" | "cursor">;

const MOST_FOUND = 48;
const FEED_FRESH_MS = 5 * 60_000;
/** Links to pictures are read again before they end. */
const RENEW_MS = 20 * 60_000;

/** The pictures of a feed, page after page. What others publish meanwhile comes before them, so no picture is there twice. */
export function useFeed(feed: Feed, { limit = 24, enabled = true } = {}) {
  return useInfiniteQuery({
    queryKey: ["gallery", "feed", feed, limit],
    queryFn: async ({ pageParam }) => {
      const query = { ...feed, limit, ...(pageParam && { cursor: pageParam }) };
      return withStableLinks(await body(api().GET("/v1/gallery/pictures", { params: { query } })));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    staleTime: FEED_FRESH_MS,
    // All pages would be read again, each time a maker comes back to the tab.
    refetchOnWindowFocus: false,
    enabled,
  });
}

export function cardsOf(data: InfiniteData<CardPage> | undefined): Card[] {
  return data?.pages.flatMap((page) => page.pictures) ?? [];
}

/** What others have made from a picture, newest first. */
export function useRemixes(pictureId: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["gallery", "remixes", pictureId],
    queryFn: async ({ pageParam }) => {
      const query = { limit: 12, ...(pageParam && { cursor: pageParam }) };
      const params = { path: { picture_id: pictureId }, query };
      return withStableLinks(await body(api().GET("/v1/gallery/pictures/{picture_id}/remixes", { params })));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    enabled,
  });
}

type Search = NonNullable<paths["/v1/gallery/search"]["get"]["parameters"]["query"]>;

/** The pictures that show what these words say, look like a picture, or both; then those that are only near. The best come first. Without either, nothing is asked. */
export function useFound({ words, like, tool }: { words: string; like?: string | undefined; tool?: Search["tool"] }) {
  const query: Search = { limit: MOST_FOUND, ...(words && { words }), ...(like && { like }), ...(tool && { tool }) };
  return useQuery({
    queryKey: ["gallery", "search", query],
    queryFn: async () => {
      const found = await body(api().GET("/v1/gallery/search", { params: { query } }));
      const pictures = found.pictures.map(withStableThumbnail);
      return { fitting: pictures.slice(0, found.fitting), near: pictures.slice(found.fitting) };
    },
    enabled: Boolean(words || like),
    staleTime: FEED_FRESH_MS,
  });
}

/** A maker as everybody sees them. */
export function useAuthor(author: string) {
  return useQuery({
    queryKey: ["gallery", "author", author],
    queryFn: () => body(api().GET("/v1/gallery/makers/{author}", { params: { path: { author } } })),
  });
}

export function usePicture(pictureId: string, enabled = true) {
  return useQuery({
    queryKey: ["gallery", "picture", pictureId],
    queryFn: async () => {
      const path = { picture_id: pictureId };
      const picture = await body(api().GET("/v1/gallery/pictures/{picture_id}", { params: { path } }));
      return { ...withStableThumbnail(picture), url: links.keep(`gallery/${pictureId}/url`, picture.url) };
    },
    refetchInterval: RENEW_MS,
    enabled,
  });
}

function withStableLinks(page: CardPage): CardPage {
  return { ...page, pictures: page.pictures.map(withStableThumbnail) };
}

function withStableThumbnail<C extends Card>(card: C): C {
  return { ...card, thumbnail_url: links.keep(`gallery/${card.picture_id}/thumbnail`, card.thumbnail_url) };
}
