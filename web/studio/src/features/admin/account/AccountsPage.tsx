import type { FormEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { type Maker, useMakers } from "@/shared/api/admin";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import { Failed } from "@/shared/ui/Notice";
import css from "./AccountsPage.module.css";
import { Admins } from "../Admins";

/** Finds the accounts of makers by email address or ID. What was looked for is in the address. */
export function AccountsPage() {
  const find = new URLSearchParams(useSearch()).get("find") ?? "";
  return (
    <Admins title={t("admin.accounts")} lead={t("admin.accounts.lead")}>
      <Find key={find} find={find} />
      {find ? <Makers find={find} /> : null}
    </Admins>
  );
}

function Find({ find }: { find: string }) {
  const { fields, set, forget } = useWords(`find/${find}`, { find });
  const [, navigate] = useLocation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const next = { find: fields.find.trim() };
    forget(next);
    navigate(`/admin/accounts?${new URLSearchParams(next).toString()}`);
  };
  return (
    <form role="search" className={css["find"]} onSubmit={submit}>
      <TextField
        label={t("admin.find")}
        type="search"
        required
        maxLength={254}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        className={css["wide"]}
        value={fields.find}
        onChange={(event) => set({ find: event.target.value })}
      />
      <Button type="submit" look="primary">
        {t("admin.find.go")}
      </Button>
    </form>
  );
}

function Makers({ find }: { find: string }) {
  const makers = useMakers(find);
  if (makers.error) return <Failed error={makers.error} again={() => void makers.refetch()} />;
  return (
    <section className={css["found"]} aria-busy={makers.isPending} aria-live="polite">
      {makers.data?.length === 0 ? <p>{t("admin.find.none", { find })}</p> : null}
      <ul>{makers.data?.map((maker) => <Row key={maker.maker} maker={maker} />)}</ul>
    </section>
  );
}

function Row({ maker }: { maker: Maker }) {
  return (
    <li>
      <Link href={`/admin/accounts/${encodeURIComponent(maker.maker)}`} className={css["row"]}>
        <strong className={css["name"]}>{maker.email ?? maker.maker}</strong>
        <span className={css["quiet"]}>{t(maker.enabled ? "admin.maker.enabled" : "admin.maker.disabled")}</span>
      </Link>
    </li>
  );
}
