import { useChangeCredits } from "@/shared/api/admin";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { number, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
import { NumberField, TextField } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import { FormCard } from "./FormCard";

const MOST = 1_000_000;
const EMPTY = { kind: "grant" as "grant" | "adjust", credits: undefined as number | undefined, note: "" };

/** No entries, and the key of the next change. Sent twice with one key, also after a reload, it changes the balance once. */
const empty = () => ({ ...EMPTY, key: crypto.randomUUID() as string });

/** Grants credits, or corrects the balance. */
export function Credits({ maker }: { maker: string }) {
  const { fields, set, forget } = useWords(`credits/${maker}`, empty());
  const change = useChangeCredits(maker);
  const refused = change.error ? explain(change.error) : undefined;
  const isGrant = fields.kind === "grant";
  const edit = (changes: Partial<typeof EMPTY>) => {
    set({ ...changes, key: crypto.randomUUID() });
    change.reset();
  };
  const submit = () => {
    const { credits, note, key } = fields;
    if (credits === undefined) return;
    change.mutate(
      { change: { credits, note: note.trim() }, isGrant, key },
      {
        onSuccess: ({ available }) => {
          say(t("admin.credits.done", { count: number(available) }));
          forget(empty());
        },
      },
    );
  };
  return (
    <FormCard title={t("nav.credits")} onSubmit={submit}>
      <Choices
        legend={t("admin.credits.kind")}
        quiet
        value={fields.kind}
        onChoose={(kind) => edit({ kind })}
        choices={[
          { value: "grant", label: t("admin.credits.grant") },
          { value: "adjust", label: t("admin.credits.adjust") },
        ]}
      />
      <NumberField
        label={t("admin.credits.count")}
        hint={t(isGrant ? "admin.credits.grant.hint" : "admin.credits.adjust.hint")}
        error={refused?.fields["credits"]}
        required
        step={1}
        min={isGrant ? 1 : -MOST}
        max={MOST}
        value={fields.credits}
        onValue={(credits) => edit({ credits })}
      />
      <TextField
        label={t("admin.credits.note")}
        hint={t("admin.credits.note.hint")}
        error={refused?.fields["note"]}
        required
        maxLength={500}
        value={fields.note}
        onChange={(event) => edit({ note: event.target.value })}
      />
      {refused && !refused.fields["credits"] && !refused.fields["note"] ? <p role="alert">{refused.text}</p> : null}
      <Button type="submit" look="primary" busy={change.isPending}>
        {t(isGrant ? "admin.credits.grant.go" : "admin.credits.adjust.go")}
      </Button>
    </FormCard>
  );
}
