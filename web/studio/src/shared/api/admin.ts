/** What administrators read and change. The API checks the scope of the token and records each request. */
import type { components } from "@client/index";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { queries } from "./query";

export type Maker = components["schemas"]["MakerView"];
export type CreditChange = components["schemas"]["CreditChange"];
export type AdminJob = components["schemas"]["JobSummary"];
export type MakerProfile = components["schemas"]["ProfileView"];
type AnyAccount = components["schemas"]["AccountView"];
type Inspected = components["schemas"]["InspectedAccount"];

const accountKey = (maker: string) => ["admin", "account", maker];

/** The makers that an email address or an ID finds. */
export function useMakers(find: string) {
  return useQuery({
    queryKey: ["admin", "makers", find],
    queryFn: async () => {
      const query = find.includes("@") ? { email: find } : { maker: find };
      return (await body(api().GET("/v1/admin/makers", { params: { query } }))).makers;
    },
    enabled: find !== "",
  });
}

export function useMakerAccount(maker: string) {
  return useQuery({
    queryKey: accountKey(maker),
    queryFn: () => body(api().GET("/v1/admin/accounts/{maker}", { params: { path: { maker } } })),
  });
}

export function useMakerJobs(maker: string) {
  return useInfiniteQuery({
    queryKey: [...accountKey(maker), "jobs"],
    queryFn: ({ pageParam }) => {
      const query = { limit: 20, ...(pageParam && { cursor: pageParam }) };
      return body(api().GET("/v1/admin/accounts/{maker}/jobs", { params: { path: { maker }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** A job with its images, but without links to them: what a maker made is the maker's. */
export function useAnyJob(jobId: string) {
  return useQuery({
    queryKey: ["admin", "job", jobId],
    queryFn: () => body(api().GET("/v1/admin/jobs/{job_id}", { params: { path: { job_id: jobId } } })),
  });
}

/** Grants add credits. Adjustments correct a balance, and can deduct. The same key again changes nothing more. */
export function useChangeCredits(maker: string) {
  return useMutation({
    mutationFn: ({ change, isGrant, key }: { change: CreditChange; isGrant: boolean; key: string }) => {
      const params = { path: { maker }, header: { "Idempotency-Key": key } };
      return body(
        isGrant
          ? api().POST("/v1/admin/accounts/{maker}/grants", { params, body: change })
          : api().POST("/v1/admin/accounts/{maker}/adjustments", { params, body: change }),
      );
    },
    onSuccess: (account) => keep(maker, account),
  });
}

export function useChangePlan(maker: string) {
  return useMutation({
    mutationFn: (plan: string) => body(api().PUT("/v1/admin/accounts/{maker}/plan", { params: { path: { maker } }, body: { plan } })),
    onSuccess: (account) => keep(maker, account),
  });
}

/** Suspends an account for a reason that its maker reads. `null` ends the suspension. */
export function useSuspend(maker: string) {
  return useMutation({
    mutationFn: (reason: string | null) =>
      body(api().PUT("/v1/admin/accounts/{maker}/suspension", { params: { path: { maker } }, body: { reason } })),
    onSuccess: (account) => keep(maker, account),
  });
}

export type AuditEntry = components["schemas"]["AuditEntryView"];
/** What changed something, or what was only read. */
export type ActKind = "change" | "access";

/** What administrators did to all accounts, or to that of one maker, newest first. */
export function useAudit(kind: ActKind, maker: string) {
  return useInfiniteQuery({
    queryKey: ["admin", "audit", kind, maker],
    queryFn: ({ pageParam }) => {
      const query = { kind, limit: 50, ...(maker && { maker }), ...(pageParam && { cursor: pageParam }) };
      return body(api().GET("/v1/admin/audit", { params: { query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });
}

/** Takes the name that a maker has in the gallery, for a reason that the maker reads. */
export function useRemoveName(maker: string) {
  return useMutation({
    mutationFn: (reason: string) =>
      body(api().POST("/v1/admin/accounts/{maker}/name-removals", { params: { path: { maker } }, body: { reason } })),
    onSuccess: (profile) => {
      queries.setQueryData<Inspected>(accountKey(maker), (account) => account && { ...account, profile });
      void queries.invalidateQueries({ queryKey: ["gallery"] });
    },
  });
}

/** A changed account. What everybody sees of the maker is as it was. */
function keep(maker: string, account: AnyAccount): void {
  queries.setQueryData<Inspected>(accountKey(maker), (before) => before && { ...account, profile: before.profile });
}
