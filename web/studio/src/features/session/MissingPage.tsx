import { t } from "@/shared/text/text";
import { ButtonLink } from "@/shared/ui/Button";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";

export function MissingPage() {
  return (
    <Page title={t("missing.title")}>
      <Empty title={t("missing.what")} action={<ButtonLink href="/" look="primary">{t("missing.home")}</ButtonLink>}>
        {t("missing.text")}
      </Empty>
    </Page>
  );
}
