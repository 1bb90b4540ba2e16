import { Link } from "wouter";
import { usePicture } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Picture } from "@/shared/ui/Picture";
import css from "./RemixNote.module.css";

/** Which picture of the gallery the new ones are remixes of. It stays in sight, since it is named when they are published. */
export function RemixNote({ pictureId, onDrop }: { pictureId: string; onDrop: () => void }) {
  const picture = usePicture(pictureId);
  return (
    <div className={css["note"]}>
      <span className={css["thumbnail"]}>
        <Picture src={picture.data?.thumbnail_url} alt="" fill />
      </span>
      <p className={css["text"]}>
        {picture.data ? <Link href={`/gallery/${pictureId}`}>{t("remix.of", { title: picture.data.title })}</Link> : t("remix.of.gone")}
        <span>
          {t(picture.data && !picture.data.words ? "remix.words" : "remix.text")}{" "}
          {t(picture.data?.remixes_publishable === false ? "remix.kept" : "remix.named")}
        </span>
      </p>
      <Button small onClick={onDrop}>
        {t("remix.drop")}
      </Button>
    </div>
  );
}
