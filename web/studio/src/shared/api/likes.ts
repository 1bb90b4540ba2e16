/** Likes of pictures. A like is shown at once wherever its picture is, and taken back if the API refuses it. */
import type { components } from "@client/index";
import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { queries } from "./query";

export type Like = components["schemas"]["LikeView"];

const keyOf = (pictureId: string) => ["gallery", "like", pictureId];

const likeOf = (pictureId: string, enabled: boolean) =>
  queryOptions({
    queryKey: keyOf(pictureId),
    queryFn: () => body(api().GET("/v1/gallery/pictures/{picture_id}/like", { params: { path: { picture_id: pictureId } } })),
    enabled,
  });

/** Whether the maker likes a picture. Visitors like nothing. */
export function useLike(pictureId: string, isSignedIn: boolean) {
  return useQuery(likeOf(pictureId, isSignedIn));
}

/** Whether it is known that the maker likes a picture. It reads nothing: a wall has many pictures. */
export function useIsLiked(pictureId: string): boolean {
  return useQuery(likeOf(pictureId, false)).data?.liked ?? false;
}

export function useSetLike(pictureId: string) {
  const params = { path: { picture_id: pictureId } };
  return useMutation(
    setLike(pictureId, (liked) =>
      body(
        liked
          ? api().PUT("/v1/gallery/pictures/{picture_id}/like", { params })
          : api().DELETE("/v1/gallery/pictures/{picture_id}/like", { params }),
      ),
    ),
  );
}

/** Likes a picture or takes the like back: in the cache at once, and as the API says once it has answered. */
export function setLike(pictureId: string, send: (liked: boolean) => Promise<Like>) {
  const key = keyOf(pictureId);
  return {
    mutationFn: ({ liked }: { liked: boolean; shown: number }) => send(liked),
    onMutate: async ({ liked, shown }: { liked: boolean; shown: number }) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<Like>(key);
      queries.setQueryData(key, after(before, shown, liked));
      return { before };
    },
    onSuccess: (like: Like) => {
      queries.setQueryData(key, like);
    },
    onError: (_error: unknown, _like: unknown, context: { before: Like | undefined } | undefined) => {
      if (context?.before) queries.setQueryData(key, context.before);
      else void queries.resetQueries({ queryKey: key });
    },
  };
}

/** What is shown until the API answers. `shown` is the number of likes on the page if none is known. */
export function after(before: Like | undefined, shown: number, liked: boolean): Like {
  const { likes, liked: was } = before ?? { likes: shown, liked: !liked };
  return { liked, likes: Math.max(0, likes + Number(liked) - Number(was)) };
}
