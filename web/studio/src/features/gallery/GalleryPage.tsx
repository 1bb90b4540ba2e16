import { Link, useSearch } from "wouter";
import { type Feed, useFeed } from "@/shared/api/gallery";
import { TOOL_ORDER } from "@/shared/api/tools";
import { useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { toolTitle } from "@/shared/tools/tools";
import { ButtonLink } from "@/shared/ui/Button";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import css from "./GalleryPage.module.css";
import { FeedWall } from "./FeedWall";
import { commonTags, feedOf, galleryPath } from "./place";

const TAGS_OFFERED = 12;

/** What makers have published. What is shown is in the address, so that it can be shared. */
export function GalleryPage() {
  const isSignedIn = useSession().status === "signed-in";
  const feed = feedOf(useSearch());
  const pictures = useFeed(feed);
  const first = pictures.data?.pages[0]?.pictures ?? [];
  return (
    <Page title={t("gallery.title")} lead={t("gallery.lead")} aside={isSignedIn ? <ButtonLink href="/published">{t("published.title")}</ButtonLink> : null}>
      <nav className={css["filters"]} aria-label={t("gallery.filters")}>
        <Tools feed={feed} />
        <Sorts feed={feed} offered={feed.tag ? [] : commonTags(first, TAGS_OFFERED)} />
      </nav>
      <FeedWall key={galleryPath(feed)} feed={pictures} label={t("gallery.pictures")} none={<Nothing isPopular={feed.sort === "popular"} />} />
    </Page>
  );
}

function Tools({ feed: { tool, tag, ...sort } }: { feed: Feed }) {
  return (
    <ul className={css["row"]}>
      <li>
        <Chip to={sort} isHere={!tool && !tag}>
          {t("gallery.all")}
        </Chip>
      </li>
      {TOOL_ORDER.map((one) => (
        <li key={one}>
          <Chip to={{ ...sort, tool: one }} isHere={tool === one}>
            {toolTitle(one)}
          </Chip>
        </li>
      ))}
    </ul>
  );
}

/** The order, which tags do not have, and the tags. */
function Sorts({ feed: { sort, ...rest }, offered }: { feed: Feed; offered: readonly string[] }) {
  if (rest.tag) {
    return (
      <ul className={css["row"]}>
        <li>
          <Link href="/gallery" className={css["chosen"]} aria-label={t("gallery.tag.drop", { tag: rest.tag })}>
            #{rest.tag} <span aria-hidden="true">×</span>
          </Link>
        </li>
      </ul>
    );
  }
  return (
    <ul className={css["row"]}>
      <li>
        <Link href={galleryPath(rest)} className={css["sort"]} aria-current={sort ? undefined : "page"}>
          {t("gallery.newest")}
        </Link>
      </li>
      <li className={css["last"]}>
        <Link href={galleryPath({ ...rest, sort: "popular" })} className={css["sort"]} aria-current={sort ? "page" : undefined}>
          {t("gallery.popular")}
        </Link>
      </li>
      {offered.map((tag) => (
        <li key={tag}>
          <Link href={galleryPath({ tag })} className={css["tag"]}>
            #{tag}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Chip({ to, isHere, children }: { to: Feed; isHere: boolean; children: string }) {
  return (
    <Link href={galleryPath(to)} className={css["chip"]} aria-current={isHere ? "page" : undefined}>
      {children}
    </Link>
  );
}

function Nothing({ isPopular }: { isPopular: boolean }) {
  return (
    <Empty title={t("gallery.none")} action={<ButtonLink href="/gallery">{t("gallery.none.all")}</ButtonLink>}>
      {t(isPopular ? "gallery.none.popular" : "gallery.none.text")}
    </Empty>
  );
}
