import { useOpen } from "@/shared/form/fields";
import { signIn, useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import css from "./Report.module.css";
import { ReportDialog } from "./ReportDialog";
import { useIsMine } from "./useIsMine";

/** Reports are of makers: visitors are asked to sign in first. Nobody reports a picture of their own. */
export function Report({ picture }: { picture: { picture_id: string; author: string } }) {
  const isVisitor = useSession().status === "visitor";
  const isMine = useIsMine(picture);
  const [isOpen, open] = useOpen(`report/${picture.picture_id}`);
  if (isMine) return null;
  return (
    <div className={css["report"]}>
      <Button look="quiet" small onClick={() => (isVisitor ? void signIn() : open(true))}>
        {t("picture.report")}
      </Button>
      <ReportDialog pictureId={picture.picture_id} open={isOpen} onClose={() => open(false)} />
    </div>
  );
}
