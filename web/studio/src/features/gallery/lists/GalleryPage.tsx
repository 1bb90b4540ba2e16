import { Link, useSearch } from "wouter";
import { type Feed, useFeed } from "@/shared/api/gallery";
import { useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { ButtonLink } from "@/shared/ui/Button";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import css from "./GalleryPage.module.css";
import { FeedWall } from "./FeedWall";
import { commonTags, feedOf, galleryPath } from "./place";
import { SearchForm } from "./SearchForm";
import { ToolRow } from "./ToolRow";

const TAGS_OFFERED = 12;

/** What makers have published. What is shown is in the address, so that it can be shared. */
export function GalleryPage() {
  const feed = feedOf(useSearch());
  const sort = feed.sort ? { sort: feed.sort } : {};
  const pictures = useFeed(feed);
  const first = pictures.data?.pages[0]?.pictures ?? [];
  return (
    <Page title={t("gallery.title")} lead={t("gallery.lead")} aside={<Aside />}>
      <nav className={css["filters"]} aria-label={t("gallery.filters")}>
        <ToolRow tool={feed.tool} isAll={!feed.tool && !feed.tag} pathOf={(tool) => galleryPath({ ...sort, ...(tool && { tool }) })} />
        <Sorts feed={feed} offered={feed.tag ? [] : commonTags(first, TAGS_OFFERED)} />
      </nav>
      <FeedWall key={galleryPath(feed)} feed={pictures} label={t("gallery.pictures")} none={<Nothing isPopular={feed.sort === "popular"} />} />
    </Page>
  );
}

function Aside() {
  const isSignedIn = useSession().status === "signed-in";
  return (
    <>
      <SearchForm />
      {isSignedIn ? <ButtonLink href="/published">{t("published.title")}</ButtonLink> : null}
    </>
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

function Nothing({ isPopular }: { isPopular: boolean }) {
  return (
    <Empty title={t("gallery.none")} action={<ButtonLink href="/gallery">{t("gallery.none.all")}</ButtonLink>}>
      {t(isPopular ? "gallery.none.popular" : "gallery.none.text")}
    </Empty>
  );
}
