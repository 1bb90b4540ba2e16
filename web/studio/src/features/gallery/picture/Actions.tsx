import type { PublishedPicture } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { Button, ButtonLink, FileLink } from "@/shared/ui/Button";
import { say } from "@/shared/ui/Toasts";
import css from "./Actions.module.css";
import { fileName } from "./fileName";
import { LikeButton } from "./LikeButton";
import { searchPath } from "../lists/place";
import { RemixMenu } from "./RemixMenu";
import { useIsMine } from "./useIsMine";

/** What one can do with a picture. */
export function Actions({ picture }: { picture: PublishedPicture }) {
  const isMine = useIsMine(picture);
  const mayRemix = picture.licence !== "personal" || isMine;
  return (
    <div className={css["actions"]}>
      {mayRemix ? <RemixMenu picture={picture} /> : null}
      <LikeButton pictureId={picture.picture_id} likes={picture.likes} />
      {/* Where the picture has another origin, browsers show it instead of saving it: not in place of Studio. */}
      <FileLink href={picture.url} download={fileName(picture.title)} target="_blank" rel="noreferrer">
        {t("picture.download")}
      </FileLink>
      <Button onClick={() => void share(picture.title)}>{t("picture.share")}</Button>
      <ButtonLink href={searchPath({ words: "", like: picture.picture_id })}>{t("picture.alike")}</ButtonLink>
      {isMine ? <ButtonLink href="/published">{t("picture.mine")}</ButtonLink> : null}
      {mayRemix && !picture.remixes_publishable ? <p className={css["kept"]}>{t("picture.remix.kept")}</p> : null}
    </div>
  );
}

/** The sharing of the device; where it has none, the address goes to the clipboard. */
async function share(title: string): Promise<void> {
  try {
    if ("share" in navigator) await navigator.share({ title, url: location.href });
    else {
      await (navigator as Navigator).clipboard.writeText(location.href);
      say(t("picture.share.copied"));
    }
  } catch (error) {
    // Whoever closes the sheet of the device has changed their mind.
    if (!(error instanceof DOMException && error.name === "AbortError")) say(t("picture.share.failed"), true);
  }
}
