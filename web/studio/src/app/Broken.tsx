import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import css from "./Broken.module.css";

/** The whole page when Studio cannot start, or when a page has failed to draw. */
export function Broken() {
  return (
    <main className={css["broken"]}>
      <h1>{t("broken.title")}</h1>
      <p>{t("broken.text")}</p>
      <Button look="primary" onClick={() => location.reload()}>
        {t("broken.again")}
      </Button>
    </main>
  );
}
