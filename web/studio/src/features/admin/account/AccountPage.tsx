import { Link, useParams } from "wouter";
import { useMakerAccount, useMakers } from "@/shared/api/admin";
import { explain, problemName } from "@/shared/api/problems";
import { t } from "@/shared/text/text";
import { Failed, Notice } from "@/shared/ui/Notice";
import css from "./AccountPage.module.css";
import { Admins } from "../Admins";
import { Balance } from "./Balance";
import { Credits } from "./Credits";
import { Jobs } from "./Jobs";
import { Name } from "./Name";
import { Plan } from "./Plan";
import { Suspension } from "./Suspension";

/** The account of a maker: what it holds, and what administrators can change. */
export function AccountPage() {
  const { maker = "" } = useParams();
  return (
    <Admins title={t("admin.account")}>
      <Who maker={maker} />
      <Account maker={maker} />
    </Admins>
  );
}

function Who({ maker }: { maker: string }) {
  const found = useMakers(maker);
  return (
    <div className={css["who"]}>
      <div>
        <p className={css["email"]}>{found.data?.[0]?.email}</p>
        <p className={css["id"]}>{maker}</p>
      </div>
      <Link href={`/admin/audit?${new URLSearchParams({ maker }).toString()}`}>{t("admin.audit.of")}</Link>
    </div>
  );
}

function Account({ maker }: { maker: string }) {
  const account = useMakerAccount(maker);
  if (problemName(account.error) === "AccountMissing") return <Notice>{explain(account.error).text}</Notice>;
  if (account.error) return <Failed error={account.error} again={() => void account.refetch()} />;
  if (!account.data) return <div className={css["waits"]} aria-busy="true" />;
  return (
    <>
      <Balance account={account.data} />
      <div className={css["forms"]}>
        <Credits maker={maker} />
        <Plan maker={maker} current={account.data.plan} key={account.data.plan.name} />
        <Suspension maker={maker} reason={account.data.suspended} key={account.data.suspended} />
        <Name maker={maker} profile={account.data.profile} key={`name ${account.data.profile.name}`} />
      </div>
      <Jobs maker={maker} />
    </>
  );
}
