import type { components } from "@client/index";
import { infiniteQueryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { queries } from "./query";

export type Account = components["schemas"]["AccountView"];
export type Entry = components["schemas"]["EntryView"];

export function useAccount(enabled = true) {
  return useQuery({ queryKey: ["account"], queryFn: () => body(api().GET("/v1/account")), enabled });
}

const ledger = infiniteQueryOptions({
  queryKey: ["account", "ledger"],
  queryFn: ({ pageParam }) =>
    body(api().GET("/v1/account/ledger", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } } })),
  initialPageParam: "",
  getNextPageParam: (page) => page.next_cursor,
});

export function useLedger() {
  return useInfiniteQuery(ledger);
}

/** Call it when credits may have moved: a job was submitted, has ended or was cancelled. */
export function creditsMoved(): void {
  void queries.invalidateQueries({ queryKey: ["account"] });
}
