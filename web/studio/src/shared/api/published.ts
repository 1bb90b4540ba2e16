/** What the maker has published, and the name that everybody sees. */
import type { components } from "@client/index";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { links } from "./links";
import { queries } from "./query";

export type OwnPicture = components["schemas"]["OwnPictureView"];
export type Profile = components["schemas"]["ProfileView"];

const OWN = ["gallery", "own"];
const PROFILE = ["account", "profile"];

export function useOwnPictures() {
  return useInfiniteQuery({
    queryKey: OWN,
    queryFn: async ({ pageParam }) => {
      const query = { limit: 24, ...(pageParam && { cursor: pageParam }) };
      const page = await body(api().GET("/v1/account/pictures", { params: { query } }));
      return { ...page, pictures: page.pictures.map(withStableThumbnail) };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

function withStableThumbnail(picture: OwnPicture): OwnPicture {
  // Hidden and public pictures have different links.
  return { ...picture, thumbnail_url: links.keep(`gallery/${picture.picture_id}/${picture.state}/thumbnail`, picture.thumbnail_url) };
}

/** Takes a picture back. Every list of the gallery is read again. */
export function useUnpublish() {
  return useMutation({
    mutationFn: async (pictureId: string) => {
      await api().DELETE("/v1/gallery/pictures/{picture_id}", { params: { path: { picture_id: pictureId } } });
    },
    onSuccess: (_data, pictureId) => {
      queries.removeQueries({ queryKey: ["gallery", "picture", pictureId] });
      void queries.invalidateQueries({ queryKey: ["gallery"] });
    },
  });
}

/** Asks the administrators to look again at a picture that they took down: once for each takedown. */
export function useAppeal(pictureId: string) {
  return useMutation({
    mutationFn: (words: string) =>
      body(
        api().POST("/v1/gallery/pictures/{picture_id}/appeal", {
          params: { path: { picture_id: pictureId } },
          body: { words },
        }),
      ),
    onSuccess: () => void queries.invalidateQueries({ queryKey: OWN }),
  });
}

export function useProfile(enabled = true) {
  return useQuery({ queryKey: PROFILE, queryFn: () => body(api().GET("/v1/account/profile")), enabled });
}

export function useSaveProfile() {
  return useMutation({
    mutationFn: (name: string) => body(api().PUT("/v1/account/profile", { body: { name } })),
    onSuccess: (profile) => {
      queries.setQueryData(PROFILE, profile);
      void queries.invalidateQueries({ queryKey: ["gallery"] });
    },
  });
}
