import type { components } from "@client/index";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import type { Request } from "@/shared/form/fields";
import { answered, keyOf } from "@/shared/form/unanswered";
import { api, body } from "./client";
import { changed } from "./jobs";

export type Quote = components["schemas"]["QuoteView"];

// Each tool has paths of its own in the description. Which tool it is, only the page knows.
type AnyTool = "picture";

/** The price and the time of a request. Ask only for requests that are complete. */
export function useQuote(tool: string, request: Request, enabled: boolean) {
  return useQuery({
    queryKey: ["quotes", tool, request],
    queryFn: () => body(api().POST(`/v1/tools/${tool as AnyTool}/quotes`, { body: request as never })),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    enabled,
  });
}

/**
 * Whether an image can be published: not after a takedown of a picture that it comes from. `undefined` if nobody knows.
 *
 * A job does not say it, since it can change at any time. The quote of a job that starts from the image does. Each
 * image can become line art, whatever its size.
 */
export function usePublishable(source: string, enabled: boolean): boolean | undefined {
  return useQuote("lineart", { source }, enabled).data?.publishable;
}

/** Submits a job. Until there is an answer, the same request again returns the same job, so a lost answer costs nothing. */
export function useSubmit(tool: string) {
  return useMutation({
    mutationFn: (request: Request) =>
      body(
        api().POST(`/v1/tools/${tool as AnyTool}/jobs`, {
          params: { header: { "Idempotency-Key": keyOf(tool, request) } },
          body: request as never,
        }),
      ),
    onSuccess: (job) => {
      answered(tool);
      return changed(job.job_id);
    },
  });
}
