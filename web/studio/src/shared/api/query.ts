import { Refused } from "@client/index";
import { QueryClient } from "@tanstack/react-query";

const TRIES = 3;

/** The cache of what the API said. Lost connections are tried again, refusals are not. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < TRIES && !(error instanceof Refused && error.status < 500 && error.status !== 429),
    },
  },
});
