import { useState } from "react";
import { signIn, useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";

/** Asks a maker whose sign-in has ended to sign in again. The page behind it stays, and so do its fields. */
export function SessionEnded() {
  const session = useSession();
  const hasEnded = session.status === "ended";
  const [isPutOff, putOff] = useState(false);
  // After a new sign-in, for example in another tab, its end is said again.
  if (isPutOff && !hasEnded) putOff(false);
  return (
    <Dialog
      open={hasEnded && !isPutOff}
      onClose={() => putOff(true)}
      title={t("ended.title")}
      actions={
        <>
          <Button onClick={() => putOff(true)}>{t("ended.later")}</Button>
          <Button look="primary" onClick={() => void signIn()}>
            {t("ended.again")}
          </Button>
        </>
      }
    >
      <p>{t("ended.text")}</p>
    </Dialog>
  );
}
