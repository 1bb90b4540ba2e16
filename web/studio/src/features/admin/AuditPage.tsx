import { Link, useLocation, useSearch } from "wouter";
import { type ActKind, type AuditEntry, useAudit } from "@/shared/api/admin";
import { counted, date, named, t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { More } from "@/shared/ui/More";
import { cx } from "@/shared/ui/cx";
import { Failed } from "@/shared/ui/Notice";
import { Admins } from "./Admins";
import css from "./AuditPage.module.css";

/** What administrators did, of all accounts or of one. Which entries are shown is in the address. */
export function AuditPage() {
  const search = new URLSearchParams(useSearch());
  const maker = search.get("maker") ?? "";
  const kind: ActKind = search.get("kind") === "access" ? "access" : "change";
  const [, navigate] = useLocation();
  const choose = (value: ActKind) => navigate(addressOf(value, maker), { replace: true });
  return (
    <Admins title={t("admin.audit")} lead={t("admin.audit.lead")}>
      <div className={css["filter"]}>
        <Choices
          legend={t("admin.audit.kind")}
          quiet
          choices={(["change", "access"] as const).map((value) => ({ value, label: t(`admin.audit.kind.${value}`) }))}
          value={kind}
          onChoose={choose}
        />
        {maker ? (
          <p className={css["of"]}>
            {t("admin.audit.one", { maker })} <Link href={addressOf(kind, "")}>{t("admin.audit.all")}</Link>
          </p>
        ) : null}
      </div>
      <Entries kind={kind} maker={maker} />
    </Admins>
  );
}

function addressOf(kind: ActKind, maker: string): string {
  const query = new URLSearchParams({ ...(kind === "access" && { kind }), ...(maker && { maker }) }).toString();
  return query ? `/admin/audit?${query}` : "/admin/audit";
}

function Entries({ kind, maker }: { kind: ActKind; maker: string }) {
  const pages = useAudit(kind, maker);
  const entries = pages.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <section className={css["entries"]} aria-busy={pages.isPending}>
      {pages.error ? <Failed error={pages.error} again={() => void pages.refetch()} /> : null}
      {pages.isSuccess && entries.length === 0 ? <p>{t("admin.audit.none")}</p> : null}
      {entries.length > 0 ? (
        <table className={css["table"]}>
          <thead>
            <tr>
              <th scope="col">{t("admin.audit.when")}</th>
              <th scope="col">{t("admin.audit.what")}</th>
              <th scope="col">{t("admin.audit.why")}</th>
              <th scope="col">{t("admin.audit.account")}</th>
              <th scope="col">{t("admin.audit.who")}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Row key={entry.at + entry.maker + entry.action} entry={entry} />
            ))}
          </tbody>
        </table>
      ) : null}
      <More pages={pages} />
    </section>
  );
}

function Row({ entry }: { entry: AuditEntry }) {
  return (
    <tr>
      <td className={css["when"]}>
        <time dateTime={entry.at}>{date(entry.at, "long")}</time>
      </td>
      <td>
        <strong>{named("admin.act", entry.action, entry.action)}</strong>
        {entry.picture_id ? <Link href={`/gallery/${entry.picture_id}`}>{t("admin.audit.picture")}</Link> : null}
      </td>
      <td>{whyOf(entry)}</td>
      <td className={css["id"]} data-label={t("admin.audit.account")}>
        <Link href={`/admin/accounts/${encodeURIComponent(entry.maker)}`}>{entry.maker}</Link>
      </td>
      <td className={cx(!entry.actor_email && css["id"])} data-label={t("admin.audit.who")} title={entry.actor}>
        {entry.actor_email ? <Address email={entry.actor_email} /> : entry.actor}
      </td>
    </tr>
  );
}

/** An email address, which is broken before its domain if there is no room for it. */
function Address({ email }: { email: string }) {
  const at = email.lastIndexOf("@");
  return (
    <>
      {email.slice(0, at)}
      <wbr />
      {email.slice(at)}
    </>
  );
}

/** What was given or chosen, and what the administrator said about it. */
function whyOf({ credits, plan, name, reason, note }: AuditEntry): string {
  const given = credits === undefined ? "" : counted("admin.audit.credits", credits);
  const parts = [given, plan, name && t("admin.audit.name", { name }), reason && named("reason", reason, reason), note];
  return parts.filter(Boolean).join(" · ");
}
