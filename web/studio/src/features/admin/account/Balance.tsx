import type { Account } from "@/shared/api/account";
import { number, t } from "@/shared/text/text";
import css from "./Balance.module.css";

/** What an account holds. Granted credits are the sum of the available, reserved, spent and expired ones. */
export function Balance({ account }: { account: Account }) {
  const figures: [string, string][] = [
    [t("admin.available"), number(account.available)],
    [t("credits.reserved"), number(account.reserved)],
    [t("credits.spent"), number(account.spent)],
    [t("admin.expired"), number(account.expired)],
    [t("admin.granted"), number(account.granted)],
    [t("admin.active"), t("admin.active.of", { count: number(account.active_jobs), most: number(account.max_active_jobs) })],
    [t("credits.plan"), account.plan.title],
  ];
  return (
    <dl className={css["figures"]}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
