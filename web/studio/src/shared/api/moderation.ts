/** Reports of pictures, and what administrators make of them. */
import type { components } from "@client/index";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { api, body } from "./client";
import { links } from "./links";
import { queries } from "./query";

export type Review = components["schemas"]["ReviewView"];
export type Reason = components["schemas"]["ReportRequest"]["reason"];
export const REASONS = ["copyright", "hate", "sexual", "violence", "spam", "other"] as const satisfies readonly Reason[];

/** Reports a picture. A maker reports a picture once: again, the API gives the first report back. */
export function useReport(pictureId: string) {
  return useMutation({
    mutationFn: (report: components["schemas"]["ReportRequest"]) =>
      body(api().PUT("/v1/gallery/pictures/{picture_id}/report", { params: { path: { picture_id: pictureId } }, body: report })),
  });
}

const REVIEWS = ["admin", "reviews"];

/** The pictures with open reports or appeals, the most urgent first. */
export function useReviews() {
  return useInfiniteQuery({
    queryKey: REVIEWS,
    queryFn: async ({ pageParam }) => {
      const query = { limit: 20, ...(pageParam && { cursor: pageParam }) };
      const page = await body(api().GET("/v1/admin/gallery/reports", { params: { query } }));
      return { ...page, reviews: page.reviews.map(withStableLink) };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

function withStableLink(review: Review): Review {
  const { picture } = review;
  return { ...review, picture: { ...picture, url: links.keep(`admin/${picture.picture_id}/url`, picture.url) } };
}

export type Decision = { kind: "take-down"; reason: Reason; words?: string } | { kind: "restore" } | { kind: "dismiss" };

/** What an administrator decides about a picture. The queue and the gallery are read again. */
export function useDecide(pictureId: string) {
  const params = { path: { picture_id: pictureId } };
  return useMutation({
    mutationFn: (decision: Decision) => {
      switch (decision.kind) {
        case "take-down": {
          const { reason, words } = decision;
          const takedown = { reason, ...(words && { words }) };
          return body(api().PUT("/v1/admin/gallery/pictures/{picture_id}/takedown", { params, body: takedown }));
        }
        case "restore":
          return body(api().DELETE("/v1/admin/gallery/pictures/{picture_id}/takedown", { params }));
        case "dismiss":
          return body(api().POST("/v1/admin/gallery/pictures/{picture_id}/dismissal", { params }));
      }
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["gallery"] });
      void queries.invalidateQueries({ queryKey: REVIEWS });
    },
  });
}
