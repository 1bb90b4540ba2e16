import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useSession } from "@/shared/session/session";
import { t } from "@/shared/text/text";
import { Empty } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import css from "./Admins.module.css";

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
      {isAdmin ? <Areas /> : null}
      {isAdmin ? children : <Empty title={t("admin.only")}>{t("admin.only.text")}</Empty>}
    </Page>
  );
}

const AREAS = [
  ["/admin", "admin.reports"],
  ["/admin/accounts", "admin.accounts"],
  ["/admin/audit", "admin.audit"],
] as const;

function Areas() {
  const [path] = useLocation();
  return (
    <nav className={css["areas"]} aria-label={t("nav.admin")}>
      {AREAS.map(([href, name]) => (
        <Link key={href} href={href} className={css["area"]} aria-current={path === href ? "page" : undefined}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
