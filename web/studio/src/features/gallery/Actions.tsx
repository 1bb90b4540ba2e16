import { useState } from "react";
import type { PublishedPicture } from "@/shared/api/gallery";
import { useProfile } from "@/shared/api/published";
import { signIn, useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Button, ButtonLink, FileLink } from "@/shared/ui/Button";
import { say } from "@/shared/ui/Toasts";
import css from "./Actions.module.css";
import { fileName } from "./fileName";
import { LikeButton } from "./LikeButton";
import { RemixMenu } from "./RemixMenu";
import { ReportDialog } from "./ReportDialog";

/** What one can do with a picture. */
export function Actions({ picture }: { picture: PublishedPicture }) {
  const session = useSession();
  const profile = useProfile(session.status === "signed-in");
  const isMine = profile.data?.author === picture.author;
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
      {isMine ? <ButtonLink href="/published">{t("picture.mine")}</ButtonLink> : <Report pictureId={picture.picture_id} />}
    </div>
  );
}

/** Reports are of makers: visitors are asked to sign in first. */
function Report({ pictureId }: { pictureId: string }) {
  const isVisitor = useSession().status === "visitor";
  const [isOpen, open] = useState(false);
  return (
    <>
      <Button look="quiet" onClick={() => (isVisitor ? void signIn() : open(true))}>
        {t("picture.report")}
      </Button>
      <ReportDialog pictureId={pictureId} open={isOpen} onClose={() => open(false)} />
    </>
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
