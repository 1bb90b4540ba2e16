import type { ReactNode } from "react";
import { useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";

interface Props {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

/** A page for administrators. Others would only see refusals of the API. */
export function Admins({ title, lead, children }: Props) {
  const session = useSession();
  const isAdmin = session.status === "ended" || (session.status === "signed-in" && session.admin);
  return (
    <Page title={title} lead={isAdmin ? lead : null}>
      {isAdmin ? children : <Empty title={t("admin.only")}>{t("admin.only.text")}</Empty>}
    </Page>
  );
}
