import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type CardPage, cardsOf } from "@/shared/api/gallery";
import { Failed } from "@/shared/ui/Notice";
import { Wall } from "./Wall";

interface Props {
  feed: UseInfiniteQueryResult<InfiniteData<CardPage>>;
  label: string;
  /** What is shown if there is no picture. */
  none: ReactNode;
}

/** The pictures of a feed on a wall: its pages as they load, why they do not, or that there are none. */
export function FeedWall({ feed, label, none }: Props) {
  const pictures = cardsOf(feed.data);
  if (feed.isSuccess && pictures.length === 0) return none;
  return (
    <>
      {feed.error ? <Failed error={feed.error} again={() => void feed.refetch()} /> : null}
      <Wall
        label={label}
        pictures={pictures}
        isPending={feed.isPending}
        more={{
          hasMore: feed.hasNextPage,
          isLoading: feed.isFetchingNextPage,
          load: feed.fetchNextPage,
          pages: feed.data?.pages.length ?? 0,
        }}
      />
    </>
  );
}
