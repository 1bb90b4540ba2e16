import type { FormEvent } from "react";
import { Link } from "wouter";
import { explain } from "@/shared/api/problems";
import { type Profile, useProfile, useSaveProfile } from "@/shared/api/published";
import { useWords } from "@/shared/form/fields";
import { date, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import { Failed, Notice } from "@/shared/ui/Notice";
import { say } from "@/shared/ui/Toasts";
import css from "./ProfileForm.module.css";

const SHORTEST = 2;
const LONGEST = 40;

/** The name under which everybody sees the maker's pictures. */
export function ProfileForm() {
  const profile = useProfile();
  if (profile.error) return <Failed error={profile.error} again={() => void profile.refetch()} />;
  return (
    <div className={css["profile"]} aria-busy={profile.isPending}>
      {profile.data ? <Name profile={profile.data} key={profile.data.name} /> : null}
    </div>
  );
}

function Name({ profile }: { profile: Profile }) {
  const { fields, set, forget } = useWords("profile", { name: profile.name ?? "" });
  const name = fields.name.trim();
  const save = useSaveProfile();
  const { removal } = profile;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(name, {
      onSuccess: () => {
        say(t("profile.saved"));
        forget({ name });
      },
    });
  };
  return (
    <form className={css["form"]} onSubmit={submit}>
      {removal ? (
        <Notice>{t("profile.removed", { ...removal, date: date(removal.removed_at, "day") })}</Notice>
      ) : null}
      <TextField
        label={t("profile.name")}
        hint={t("profile.hint")}
        error={save.error ? explain(save.error).text : undefined}
        required
        minLength={SHORTEST}
        maxLength={LONGEST}
        autoComplete="nickname"
        className={css["name"]}
        value={fields.name}
        onChange={(event) => {
          set({ name: event.target.value });
          save.reset();
        }}
      />
      <div className={css["actions"]}>
        <Button type="submit" busy={save.isPending} disabled={name === (profile.name ?? "")}>
          {t("profile.save")}
        </Button>
        <Link href={`/makers/${profile.author}`}>{t("profile.page")}</Link>
      </div>
    </form>
  );
}
