import { useSearch } from "wouter";
import { useFound, usePicture } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { ButtonLink } from "@/shared/ui/Button";
import { Empty, Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { Picture } from "@/shared/ui/Picture";
import filters from "./GalleryPage.module.css";
import { lookedFor, searchPath } from "./place";
import { SearchForm } from "./SearchForm";
import css from "./SearchPage.module.css";
import { ToolRow } from "./ToolRow";
import { Wall } from "./Wall";

/** What words find, or pictures that look like one, or both. What is looked for is in the address. */
export function SearchPage() {
  const asked = lookedFor(useSearch());
  const found = useFound(asked);
  const isAsked = Boolean(asked.words || asked.like);
  return (
    <Page
      title={asked.words ? t("search.title", { words: asked.words }) : t("search.title.none")}
      aside={<SearchForm key={asked.words} asked={asked} />}
    >
      {isAsked ? (
        <nav className={filters["filters"]} aria-label={t("gallery.filters")}>
          <ToolRow tool={asked.tool} isAll={!asked.tool} pathOf={(tool) => searchPath({ ...asked, tool })} />
        </nav>
      ) : null}
      {asked.like ? <Like pictureId={asked.like} words={asked.words} /> : null}
      {found.error ? <Failed error={found.error} again={() => void found.refetch()} /> : null}
      {!isAsked || found.data?.fitting.length === 0 ? <Nothing isAsked={isAsked} /> : null}
      {isAsked && !found.error && found.data?.fitting.length !== 0 ? (
        <Wall key={searchPath(asked)} label={t("search.found")} pictures={found.data?.fitting ?? []} isPending={found.isPending} />
      ) : null}
      {found.data?.near.length ? (
        <div className={css["near"]}>
          <h2>{t("search.near")}</h2>
          <Wall key={searchPath(asked)} label={t("search.near")} pictures={found.data.near} isPending={false} />
        </div>
      ) : null}
    </Page>
  );
}

/** The picture that the others resemble. */
function Like({ pictureId, words }: { pictureId: string; words: string }) {
  const picture = usePicture(pictureId);
  return (
    <div className={css["like"]}>
      <span className={css["thumbnail"]}>
        <Picture src={picture.data?.thumbnail_url} alt="" fill />
      </span>
      <p>{t("search.like", { title: picture.data?.title ?? "…" })}</p>
      <ButtonLink small href={words ? searchPath({ words }) : `/gallery/${pictureId}`}>
        {t(words ? "search.like.drop" : "search.like.back")}
      </ButtonLink>
    </div>
  );
}

function Nothing({ isAsked }: { isAsked: boolean }) {
  return (
    <Empty title={t(isAsked ? "search.none" : "search.ask")} action={<ButtonLink href="/gallery">{t("gallery.none.all")}</ButtonLink>}>
      {t(isAsked ? "search.none.text" : "search.ask.text")}
    </Empty>
  );
}
