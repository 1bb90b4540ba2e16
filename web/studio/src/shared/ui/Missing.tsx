import { t } from "@/shared/text/text";
import { ButtonLink } from "./Button";
import { Empty } from "./Notice";
import { Page } from "./Page";

interface Props {
  /** What is not there, in one sentence. */
  what: string;
  why?: string;
  /** Where to go on, and the name of its link. */
  href?: string;
  link?: string;
}

/** The page of an address where there is nothing, or nothing any more. */
export function Missing({ what, why = t("missing.text"), href = "/", link = t("missing.home") }: Props) {
  return (
    <Page title={t("missing.title")}>
      <Empty
        title={what}
        action={
          <ButtonLink look="primary" href={href}>
            {link}
          </ButtonLink>
        }
      >
        {why}
      </Empty>
    </Page>
  );
}
