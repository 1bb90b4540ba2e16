/** Reports of pictures, and what administrators make of them. */
import type { components } from "@client/index";
import { useMutation } from "@tanstack/react-query";
import { api, body } from "./client";

export type Reason = components["schemas"]["ReportRequest"]["reason"];
export const REASONS = ["copyright", "hate", "sexual", "violence", "spam", "other"] as const satisfies readonly Reason[];

/** Reports a picture. A maker reports a picture once: again, the API gives the first report back. */
export function useReport(pictureId: string) {
  return useMutation({
    mutationFn: (report: components["schemas"]["ReportRequest"]) =>
      body(api().PUT("/v1/gallery/pictures/{picture_id}/report", { params: { path: { picture_id: pictureId } }, body: report })),
  });
}
