import { useProfile } from "@/shared/api/published";
import { useSession } from "@/shared/session/session";

/** Whether a picture is the maker's own. */
export function useIsMine({ author }: { author: string }): boolean {
  const isSignedIn = useSession().status === "signed-in";
  return useProfile(isSignedIn).data?.author === author;
}
