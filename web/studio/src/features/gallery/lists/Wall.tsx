import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { Card } from "@/shared/api/gallery";
import { useIsLiked } from "@/shared/api/likes";
import { counted, number, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Picture } from "@/shared/ui/Picture";
import { Heart } from "./Heart";
import css from "./Wall.module.css";
import { fillsSquare, stockOf } from "./shape";

interface More {
  hasMore: boolean;
  isLoading: boolean;
  /** Loads the next page. */
  load: () => Promise<unknown>;
  pages: number;
}

/** Pages that load by scrolling. After them a button loads, so that the foot of the page can be reached. */
const PAGES_BY_SCROLLING = 4;
const AHEAD = "800px";
const SKELETONS = 24;
/** Pictures that a first screen may show. */
const IN_SIGHT = 10;

/** Pictures in squares. Their room is there before they load, and those of a later page move none of the earlier ones. */
export function Wall({ pictures, isPending, more, label }: { pictures: readonly Card[]; isPending: boolean; more?: More; label: string }) {
  const list = useRef<HTMLUListElement>(null);
  const loadByButton = async () => {
    const before = pictures.length;
    await more?.load();
    // The keyboard goes on with the first new picture.
    requestAnimationFrame(() => list.current?.querySelectorAll<HTMLElement>("li a").item(before)?.focus());
  };
  return (
    <section className={css["section"]} aria-label={label} aria-busy={isPending}>
      <ul ref={list} className={css["wall"]}>
        {isPending
          ? Array.from({ length: SKELETONS }, (_, index) => <li key={index} className={css["tile"]} aria-hidden="true" />)
          : pictures.map((picture, index) => <Tile key={picture.picture_id} picture={picture} isFirst={index < IN_SIGHT} />)}
      </ul>
      {more?.hasMore ? (
        <div className={css["more"]}>
          {more.pages < PAGES_BY_SCROLLING ? <Sentinel onNear={() => void more.load()} /> : null}
          <Button busy={more.isLoading} onClick={() => void loadByButton()}>
            {t("more")}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Tile({ picture, isFirst }: { picture: Card; isFirst: boolean }) {
  const fills = fillsSquare(picture);
  const isLiked = useIsLiked(picture.picture_id);
  // The maker's own like is known before the list has it.
  const likes = Math.max(picture.likes, Number(isLiked));
  return (
    <li>
      <Link href={`/gallery/${picture.picture_id}`} className={css["tile"]} data-stock={fills ? "print" : stockOf(picture.picture_id)}>
        <Picture
          src={picture.thumbnail_url}
          alt=""
          loading={isFirst ? "eager" : "lazy"}
          fill
          className={fills ? css["print"] : css["motif"]}
        />
        <span className={css["title"]}>{picture.title}</span>
        {likes > 0 ? (
          <span className={css["likes"]} data-liked={isLiked}>
            <Heart full={isLiked} />
            <span aria-hidden="true">{likesOf(likes)}</span>
            <span className="unseen">{counted(isLiked ? "picture.liked.by" : "picture.likes.by", likes)}</span>
          </span>
        ) : null}
      </Link>
    </li>
  );
}

/** The likes of a card. The API rounds them down from ten on. */
function likesOf(likes: number): string {
  return likes < 10 ? number(likes) : `${number(likes)}+`;
}

/** Calls `onNear` when this place is about to come into sight. */
function Sentinel({ onNear }: { onNear: () => void }) {
  const place = useRef<HTMLSpanElement>(null);
  const call = useRef(onNear);
  useEffect(() => {
    call.current = onNear;
  });
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) call.current();
      },
      { rootMargin: AHEAD },
    );
    if (place.current) observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return <span ref={place} className={css["sentinel"]} />;
}
