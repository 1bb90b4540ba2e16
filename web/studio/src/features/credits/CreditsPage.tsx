import { Link } from "wouter";
import { type Account, type Entry, useAccount, useLedger } from "@/shared/api/account";
import { date, number, t } from "@/shared/text/text";
import { More } from "@/shared/ui/More";
import { Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import css from "./CreditsPage.module.css";
import { changeOf } from "./changeOf";

export function CreditsPage() {
  const account = useAccount();
  return (
    <Page title={t("credits.title")} lead={t("credits.lead")}>
      {account.error ? <Failed error={account.error} again={() => void account.refetch()} /> : <Balance account={account.data} />}
      <Ledger />
    </Page>
  );
}

function Balance({ account }: { account: Account | undefined }) {
  return (
    <section className={css["balance"]} aria-label={t("credits.balance")} aria-busy={!account}>
      <p className={css["available"]}>
        <strong>{figure(account?.available)}</strong> {t("credits.available")}
      </p>
      <dl className={css["figures"]}>
        <div>
          <dt>{t("credits.reserved")}</dt>
          <dd>{figure(account?.reserved)}</dd>
        </div>
        <div>
          <dt>{t("credits.spent")}</dt>
          <dd>{figure(account?.spent)}</dd>
        </div>
        <div>
          <dt>{t("credits.expiring")}</dt>
          <dd>{figure(account?.expiring)}</dd>
        </div>
        <div>
          <dt>{t("credits.plan")}</dt>
          <dd>{account ? t("credits.plan.monthly", { plan: account.plan.title, count: number(account.plan.monthly_credits) }) : "–"}</dd>
        </div>
      </dl>
      {account?.suspended ? <p className={css["suspended"]}>{t("credits.suspended", { reason: account.suspended })}</p> : null}
    </section>
  );
}

function figure(value: number | undefined): string {
  return value === undefined ? "–" : number(value);
}

function Ledger() {
  const ledger = useLedger();
  const entries = ledger.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <section className={css["ledger"]} aria-busy={ledger.isPending}>
      <h2>{t("credits.ledger")}</h2>
      {ledger.error ? <Failed error={ledger.error} again={() => void ledger.refetch()} /> : null}
      <ol className={css["entries"]}>
        {entries.map((entry) => (
          <Row key={entry.name} entry={entry} />
        ))}
      </ol>
      {ledger.isSuccess && entries.length === 0 ? <p>{t("credits.none")}</p> : null}
      <More pages={ledger} />
    </section>
  );
}

function Row({ entry }: { entry: Entry }) {
  const change = changeOf(entry);
  // A charge takes what was reserved before: it has an amount, but changes nothing that can be spent.
  const amount = number(Math.abs(change === 0 ? entry.credits : change));
  return (
    <li className={css["entry"]}>
      <span className={css["what"]}>
        <strong>{t(`credits.kind.${entry.kind}`)}</strong>
        {entry.note ? <span>{entry.note}</span> : null}
        {entry.job_id ? <Link href={`/jobs/${entry.job_id}`}>{t("credits.job")}</Link> : null}
      </span>
      <time dateTime={entry.at} className={css["when"]}>
        {date(entry.at, "long")}
      </time>
      <span className={css[change > 0 ? "gain" : change < 0 ? "amount" : "moved"]}>{change === 0 ? amount : `${change > 0 ? "+" : "−"}${amount}`}</span>
    </li>
  );
}
