import { useParams } from "wouter";
import { useAuthor, useFeed } from "@/shared/api/gallery";
import { problemName } from "@/shared/api/problems";
import { counted, date, t } from "@/shared/text/text";
import { ButtonLink } from "@/shared/ui/Button";
import { Empty, Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { FeedWall } from "../lists/FeedWall";
import css from "./MakerPage.module.css";

/** A usual maker, whose facts take the room of those that are not known yet. */
const USUAL = { pictures: 24, since: "2026-11-28T12:00:00Z" };

/** A maker: the name, since when, and what is public. */
export function MakerPage() {
  const { author = "" } = useParams();
  const maker = useAuthor(author);
  const feed = useFeed({ author }, { enabled: maker.isSuccess });
  const toGallery = <ButtonLink href="/gallery">{t("gallery.go")}</ButtonLink>;
  if (maker.error) {
    return (
      <Page title={t("maker.title")} aside={toGallery}>
        {problemName(maker.error) === "MakerNotFound" ? (
          <Empty title={t("maker.none")}>{t("maker.none.text")}</Empty>
        ) : (
          <Failed error={maker.error} again={() => void maker.refetch()} />
        )}
      </Page>
    );
  }
  const { name, since, pictures = 0 } = maker.data ?? {};
  return (
    <Page
      title={maker.data ? (name ?? t("maker.unnamed.title")) : "…"}
      lead={since ? leadOf(pictures, since) : <span className={css["waits"]}>{leadOf(USUAL.pictures, USUAL.since)}</span>}
      aside={toGallery}
    >
      <FeedWall feed={feed} label={t("gallery.pictures")} none={<Empty title={t("maker.none")}>{t("maker.none.text")}</Empty>} />
    </Page>
  );
}

function leadOf(pictures: number, since: string): string {
  return counted("maker.lead", pictures, { since: date(since, "day") });
}
