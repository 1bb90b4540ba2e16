import { Link, useParams } from "wouter";
import { cardsOf, type PublishedPicture, useFeed, usePicture } from "@/shared/api/gallery";
import { problemName } from "@/shared/api/problems";
import { date, relative, t } from "@/shared/text/text";
import { Missing } from "@/shared/ui/Missing";
import { Failed } from "@/shared/ui/Notice";
import { Page, useTitle } from "@/shared/ui/Page";
import { Actions } from "./Actions";
import { Licence } from "./Licence";
import { Ancestors, Remixes } from "./Lineage";
import css from "./PicturePage.module.css";
import { galleryPath } from "../lists/place";
import { Recipe } from "./Recipe";
import { Report } from "./Report";
import { Stage } from "./Stage";
import { Wall } from "../lists/Wall";

const MORE_OF_MAKER = 10;

/** A published picture, with what others may do with it and how it was made. */
export function PicturePage() {
  const { pictureId = "" } = useParams();
  const picture = usePicture(pictureId);
  if (picture.data) return <Found picture={picture.data} />;
  if (picture.isPending) return <Waiting />;
  return problemName(picture.error) === "PictureNotFound" ? (
    <Missing what={t("picture.gone")} why={t("picture.gone.text")} href="/gallery" link={t("gallery.go")} />
  ) : (
    <Page title={t("picture.title")}>
      <Failed error={picture.error} again={() => void picture.refetch()} />
    </Page>
  );
}

function Found({ picture }: { picture: PublishedPicture }) {
  useTitle(picture.title);
  return (
    <article className={css["page"]}>
      <div className={css["stage"]}>
        <Stage picture={picture} key={picture.picture_id} />
      </div>
      <div className={css["facts"]}>
        <header className={css["head"]}>
          <h1 className={css["title"]}>{picture.title}</h1>
          <p className={css["from"]}>
            <Link href={`/makers/${picture.author}`}>{t("picture.by", { name: picture.author_name ?? t("maker.unnamed") })}</Link>
            <time dateTime={picture.published_at} title={date(picture.published_at, "long")}>
              {relative(picture.published_at)}
            </time>
          </p>
        </header>
        <Actions picture={picture} />
        <Licence picture={picture} />
        <Ancestors picture={picture} />
        <Recipe picture={picture} />
        <Tags tags={picture.tags} />
        <Report picture={picture} />
      </div>
      <Remixes picture={picture} />
      <MoreOfMaker picture={picture} />
    </article>
  );
}

function Tags({ tags }: { tags: readonly string[] }) {
  return (
    <ul className={css["tags"]} aria-label={t("picture.tags")}>
      {tags.map((tag) => (
        <li key={tag}>
          <Link href={galleryPath({ tag })} className={css["tag"]}>
            #{tag}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function MoreOfMaker({ picture }: { picture: PublishedPicture }) {
  const feed = useFeed({ author: picture.author }, { limit: MORE_OF_MAKER + 1 });
  const others = cardsOf(feed.data)
    .filter((card) => card.picture_id !== picture.picture_id)
    .slice(0, MORE_OF_MAKER);
  if (feed.isSuccess && others.length === 0) return null;
  const title = picture.author_name ? t("picture.more.of", { name: picture.author_name }) : t("picture.more");
  return (
    <div className={css["more"]}>
      <h2>
        <Link href={`/makers/${picture.author}`}>{title}</Link>
      </h2>
      <Wall label={title} pictures={others} isPending={feed.isPending} />
    </div>
  );
}

/** The rooms of the page, so that nothing moves when the picture arrives. */
function Waiting() {
  useTitle(t("picture.title"));
  return (
    <div className={css["page"]} aria-busy="true">
      <div className={css["skeleton"]} />
    </div>
  );
}
