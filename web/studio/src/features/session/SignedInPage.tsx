import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { finishSignIn, signIn } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";

/** Where the provider sends makers back to. */
export function SignedInPage() {
  const [, navigate] = useLocation();
  const [isRefused, refuse] = useState(false);
  const isStarted = useRef(false);
  useEffect(() => {
    // The code in the address can be used once.
    if (isStarted.current) return;
    isStarted.current = true;
    finishSignIn().then(
      (path) => navigate(path, { replace: true }),
      () => refuse(true),
    );
  }, [navigate]);
  return (
    <Page title={t("signin.title")}>
      {isRefused ? (
        <Empty
          title={t("signin.refused")}
          action={
            <Button look="primary" onClick={() => void signIn("/")}>
              {t("signin")}
            </Button>
          }
        >
          {t("signin.refused.text")}
        </Empty>
      ) : (
        <p role="status">{t("signin.waits")}</p>
      )}
    </Page>
  );
}
