import { t } from "@/shared/text/text";
import { Button } from "./Button";

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** The button after a list that loads its next page, if there is one. */
export function More({ pages, className }: { pages: Pages; className?: string | undefined }) {
  if (!pages.hasNextPage) return null;
  return (
    <Button className={className} busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {t("more")}
    </Button>
  );
}
