import { useQuery } from "@tanstack/react-query";
import { readCutFile } from "@/shared/geometry/cutFile";

/** The cut file behind a signed link. A file never changes, so another link to it is not read again. */
export function useCutFile(url: string | undefined) {
  return useQuery({
    queryKey: ["cut file", url?.split("?")[0]],
    queryFn: async () => {
      const answer = await fetch(url ?? "");
      return readCutFile(await answer.text());
    },
    staleTime: Number.POSITIVE_INFINITY,
    enabled: url !== undefined,
  });
}
