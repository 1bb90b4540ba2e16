import { Link } from "wouter";
import { type MakerProfile, useRemoveName } from "@/shared/api/admin";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { date, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import { FormCard } from "./FormCard";

/** The name that everybody sees, which an administrator can remove. */
export function Name({ maker, profile }: { maker: string; profile: MakerProfile }) {
  const { fields, set, forget } = useWords(`name/${maker}`, { reason: "" });
  const remove = useRemoveName(maker);
  const { author, name, removal } = profile;
  const submit = () =>
    remove.mutate(fields.reason.trim(), {
      onSuccess: () => {
        say(t("admin.name.done"));
        forget();
      },
    });
  if (name === undefined) {
    return (
      <FormCard title={t("admin.name")} onSubmit={() => undefined}>
        <p>{removal ? t("admin.name.removed", { ...removal, date: date(removal.removed_at, "day") }) : t("admin.name.none")}</p>
      </FormCard>
    );
  }
  return (
    <FormCard title={t("admin.name")} onSubmit={submit}>
      <p>
        <Link href={`/makers/${author}`}>{name}</Link>
      </p>
      <TextField
        label={t("admin.name.reason")}
        hint={t("admin.name.hint")}
        error={remove.error ? explain(remove.error).text : undefined}
        required
        maxLength={500}
        value={fields.reason}
        onChange={(event) => {
          set({ reason: event.target.value });
          remove.reset();
        }}
      />
      <Button type="submit" look="danger" busy={remove.isPending}>
        {t("admin.name.go")}
      </Button>
    </FormCard>
  );
}
