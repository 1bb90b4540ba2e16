import { useParams } from "wouter";
import { useFeed } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { ButtonLink } from "@/shared/ui/Button";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { FeedWall } from "./FeedWall";

/** What one maker has published. */
export function MakerPage() {
  const { author = "" } = useParams();
  const feed = useFeed({ author });
  return (
    <Page title={t("maker.title")} aside={<ButtonLink href="/gallery">{t("maker.gallery")}</ButtonLink>}>
      <FeedWall feed={feed} label={t("gallery.pictures")} none={<Empty title={t("maker.none")}>{t("maker.none.text")}</Empty>} />
    </Page>
  );
}
