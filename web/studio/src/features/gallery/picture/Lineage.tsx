import { Link } from "wouter";
import { type PublishedPicture, usePicture, useRemixes } from "@/shared/api/gallery";
import { counted, t } from "@/shared/text/text";
import { Picture } from "@/shared/ui/Picture";
import { FeedWall } from "../lists/FeedWall";
import css from "./Lineage.module.css";

type Ancestor = NonNullable<PublishedPicture["lineage"]>["ancestors"][number];

/** The pictures that this one was made from, from the nearest to the first. */
export function Ancestors({ picture }: { picture: PublishedPicture }) {
  const [parent, ...older] = picture.lineage?.ancestors ?? [];
  if (!parent) return null;
  return (
    <section className={css["ancestors"]} aria-labelledby="ancestors">
      <h2 id="ancestors" className={css["title"]}>
        {t("lineage.title")}
      </h2>
      <Parent ancestor={parent} />
      {older.length > 0 ? (
        <ol className={css["older"]}>
          {older.map((ancestor) => (
            <li key={ancestor.picture_id}>
              <Named ancestor={ancestor} />
            </li>
          ))}
        </ol>
      ) : null}
    </section>
  );
}

function Parent({ ancestor }: { ancestor: Ancestor }) {
  const parent = usePicture(ancestor.picture_id, !ancestor.removed);
  if (ancestor.removed) return <Named ancestor={ancestor} />;
  return (
    <p className={css["parent"]}>
      <Link href={`/gallery/${ancestor.picture_id}`} className={css["thumbnail"]} tabIndex={-1} aria-hidden="true">
        <Picture src={parent.data?.thumbnail_url} alt="" fill />
      </Link>
      <Named ancestor={ancestor} />
    </p>
  );
}

function Named({ ancestor }: { ancestor: Ancestor }) {
  if (ancestor.removed) return <span className={css["removed"]}>{t("lineage.removed")}</span>;
  return (
    <span className={css["named"]}>
      <Link href={`/gallery/${ancestor.picture_id}`}>{ancestor.title}</Link>
      <span className={css["by"]}>{t("picture.by", { name: ancestor.author_name ?? t("maker.unnamed") })}</span>
    </span>
  );
}

/** What others have made from this picture. */
export function Remixes({ picture }: { picture: PublishedPicture }) {
  const feed = useRemixes(picture.picture_id, picture.remixes > 0);
  if (picture.remixes === 0) return null;
  return (
    <div className={css["remixes"]}>
      <h2>{counted("lineage.remixes", picture.remixes)}</h2>
      <FeedWall feed={feed} label={t("lineage.remixes.label")} none={<p>{t("lineage.none")}</p>} />
    </div>
  );
}
