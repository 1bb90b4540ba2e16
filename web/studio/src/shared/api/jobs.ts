import type { components, Job, paths } from "@client/index";
import type { LiveMessage } from "@client/live";
import { type InfiniteData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { creditsMoved } from "./account";
import { api, body } from "./client";
import { links, RENEW_MS } from "./links";
import { queries } from "./query";

export type { Job } from "@client/index";
export type Image = components["schemas"]["ImageView"];
export type ListedJob = components["schemas"]["ListedJob"];
export type JobState = components["schemas"]["JobState"];
type JobPage = components["schemas"]["JobPage"];
export type JobFilters = Omit<NonNullable<paths["/v1/jobs"]["get"]["parameters"]["query"]>, "limit" | "cursor">;

const POLL_MS = 2000;
/** While live updates arrive, polling only catches what they missed. */
const SLOW_POLL_MS = 15_000;

let isLive = false;
/** Jobs that this window deletes: it leaves their pages itself, whether the answer or the live update comes first. */
const deletedHere = new Set<string>();

const one = (jobId: string) => ["jobs", "one", jobId];
const LISTS = ["jobs", "list"];

export function useJob(jobId: string, enabled = true) {
  return useQuery({
    queryKey: one(jobId),
    queryFn: async () => withStableLinks(await body(api().GET("/v1/jobs/{job_id}", { params: { path: { job_id: jobId } } }))),
    // The links of an ended job end too.
    refetchInterval: ({ state: { data } }) => {
      if (data?.finished_at) return RENEW_MS;
      return isLive ? SLOW_POLL_MS : POLL_MS;
    },
    enabled,
  });
}

export function useJobs(filters: JobFilters, limit = 24) {
  return useInfiniteQuery({
    queryKey: [...LISTS, filters, limit],
    queryFn: ({ pageParam }) =>
      body(api().GET("/v1/jobs", { params: { query: { ...filters, limit, ...(pageParam && { cursor: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: (page: JobPage) => page.next_cursor,
    refetchInterval: ({ state: { data } }) => (hasUnfinished(data) ? (isLive ? SLOW_POLL_MS : 2 * POLL_MS) : false),
  });
}

function hasUnfinished(data: InfiniteData<JobPage> | undefined): boolean {
  return data?.pages.some((page) => page.jobs.some((job) => !job.finished_at)) ?? false;
}

export function useFiles(jobId: string, enabled: boolean) {
  return useQuery({
    queryKey: [...one(jobId), "files"],
    queryFn: () => body(api().GET("/v1/jobs/{job_id}/files", { params: { path: { job_id: jobId } } })),
    enabled,
    staleTime: RENEW_MS,
  });
}

export function useCancel() {
  return useMutation({
    mutationFn: (jobId: string) => body(api().POST("/v1/jobs/{job_id}/cancel", { params: { path: { job_id: jobId } } })),
    onSettled: (_data, _error, jobId) => changed(jobId),
  });
}

export function useRename() {
  return useMutation({
    mutationFn: ({ jobId, title }: { jobId: string; title: string }) =>
      body(api().PATCH("/v1/jobs/{job_id}", { params: { path: { job_id: jobId } }, body: { title } })),
    onSuccess: (_data, { jobId }) => changed(jobId),
  });
}

export function useDeleteJob() {
  return useMutation({
    mutationFn: (jobId: string) => {
      deletedHere.add(jobId);
      return api().DELETE("/v1/jobs/{job_id}", { params: { path: { job_id: jobId } } });
    },
    onSuccess: (_data, jobId) => forget(jobId),
    onError: (_error, jobId) => deletedHere.delete(jobId),
  });
}

export function useZip() {
  return useMutation({
    mutationFn: (jobId: string) => body(api().POST("/v1/jobs/{job_id}/zip", { params: { path: { job_id: jobId } } })),
  });
}

export function usePublish() {
  return useMutation({
    mutationFn: ({ jobId, index, publication }: { jobId: string; index: number; publication: Publication }) =>
      body(
        api().POST("/v1/jobs/{job_id}/images/{index}/publication", {
          params: { path: { job_id: jobId, index } },
          body: publication,
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["gallery"] }),
  });
}
export type Publication = components["schemas"]["PublicationRequest"];

/** Reads a job again, and the lists and credits that it may have changed. */
export function changed(jobId: string): void {
  void queries.invalidateQueries({ queryKey: one(jobId) });
  void queries.invalidateQueries({ queryKey: LISTS });
  creditsMoved();
}

function forget(jobId: string): void {
  queries.removeQueries({ queryKey: one(jobId) });
  void queries.invalidateQueries({ queryKey: LISTS });
}

/** Live updates are there or are not: what happened meanwhile is read again. */
export function setLive(live: boolean): void {
  isLive = live;
  if (live) void queries.invalidateQueries({ queryKey: ["jobs"] });
}

/** Takes a live update into the cache. */
export function hear(message: LiveMessage): void {
  const key = one(message.job_id);
  switch (message.type) {
    case "job.progress":
    case "image.done":
      void queries.invalidateQueries({ queryKey: key });
      break;
    case "job.state":
      changed(message.job_id);
      break;
    case "job.deleted":
      // Where its page is open, in another window, it is read again, and is not there.
      if (!deletedHere.has(message.job_id)) void queries.resetQueries({ queryKey: one(message.job_id) });
      void queries.invalidateQueries({ queryKey: LISTS });
      break;
  }
}

function withStableLinks(job: Job): Job {
  const keep = (kind: string, url: string) => links.keep(`${job.job_id}/${kind}`, url);
  return {
    ...job,
    images: job.images.map((image) => ({
      ...image,
      ...(image.url && { url: keep(`${image.index}/url`, image.url) }),
      ...(image.thumbnail_url && { thumbnail_url: keep(`${image.index}/thumbnail`, image.thumbnail_url) }),
      ...(image.files && {
        files: Object.fromEntries(Object.entries(image.files).map(([name, url]) => [name, keep(`${image.index}/${name}`, url)])),
      }),
    })),
  };
}
