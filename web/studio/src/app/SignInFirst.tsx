import { signIn } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";

/** What a visitor sees of a page that is for makers. After the sign-in, the page itself is shown. */
export function SignInFirst() {
  return (
    <Page title={t("signin.title")}>
      <Empty
        title={t("signin.first")}
        action={
          <Button look="primary" onClick={() => void signIn()}>
            {t("signin")}
          </Button>
        }
      >
        {t("signin.text")}
      </Empty>
    </Page>
  );
}
