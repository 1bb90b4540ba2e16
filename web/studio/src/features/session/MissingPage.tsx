import { t } from "@/shared/text/text";
import { Missing } from "@/shared/ui/Missing";

export function MissingPage() {
  return <Missing what={t("missing.what")} />;
}
