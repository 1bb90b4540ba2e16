import { useQuery } from "@tanstack/react-query";
import { api, body } from "./client";

/** All plans with their credits and limits. They change only with a new version of the service. */
export function usePlans() {
  return useQuery({
    queryKey: ["plans"],
    queryFn: async () => (await body(api().GET("/v1/plans"))).plans,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
