import type { PublishedPicture } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { Button, ButtonLink, FileLink } from "@/shared/ui/Button";
import { say } from "@/shared/ui/Toasts";
import css from "./Actions.module.css";
import { fileName } from "./fileName";

/** What one can do with a picture. */
export function Actions({ picture }: { picture: PublishedPicture }) {
  return (
    <div className={css["actions"]}>
      {canRemix(picture) ? (
        <ButtonLink look="primary" href={`/make/${picture.tool}?remix=${picture.picture_id}`}>
          {t("picture.remix")}
        </ButtonLink>
      ) : null}
      {/* Where the picture has another origin, browsers show it instead of saving it: not in place of Studio. */}
      <FileLink href={picture.url} download={fileName(picture.title)} target="_blank" rel="noreferrer">
        {t("picture.download")}
      </FileLink>
      <Button onClick={() => void share(picture.title)}>{t("picture.share")}</Button>
    </div>
  );
}

/** Tools that make a picture of words: its settings are all that a new one needs. */
const FROM_WORDS: ReadonlySet<string> = new Set(["picture", "pattern", "clipart"]);

function canRemix({ tool, licence }: PublishedPicture): boolean {
  return licence !== "personal" && FROM_WORDS.has(tool);
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
