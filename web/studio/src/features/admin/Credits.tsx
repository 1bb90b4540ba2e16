import { useState } from "react";
import { useChangeCredits } from "@/shared/api/admin";
import { explain } from "@/shared/api/problems";
import { number, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
import { NumberField, TextField } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import { FormCard } from "./FormCard";

const MOST = 1_000_000;
const EMPTY = { kind: "grant" as "grant" | "adjust", credits: undefined as number | undefined, note: "" };

/** Grants credits, or corrects the balance. */
export function Credits({ maker }: { maker: string }) {
  const [fields, setFields] = useState(EMPTY);
  // One key for these fields: sent twice, they change the balance once.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const change = useChangeCredits(maker);
  const refused = change.error ? explain(change.error) : undefined;
  const isGrant = fields.kind === "grant";
  const set = (changes: Partial<typeof EMPTY>) => {
    setFields({ ...fields, ...changes });
    setKey(crypto.randomUUID());
    change.reset();
  };
  const submit = () => {
    const { credits, note } = fields;
    if (credits === undefined) return;
    change.mutate(
      { change: { credits, note: note.trim() }, isGrant, key },
      {
        onSuccess: ({ available }) => {
          say(t("admin.credits.done", { count: number(available) }));
          set(EMPTY);
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
        onChoose={(kind) => set({ kind })}
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
        onValue={(credits) => set({ credits })}
      />
      <TextField
        label={t("admin.credits.note")}
        hint={t("admin.credits.note.hint")}
        error={refused?.fields["note"]}
        required
        maxLength={500}
        value={fields.note}
        onChange={(event) => set({ note: event.target.value })}
      />
      {refused && !refused.fields["credits"] && !refused.fields["note"] ? <p role="alert">{refused.text}</p> : null}
      <Button type="submit" look="primary" busy={change.isPending}>
        {t(isGrant ? "admin.credits.grant.go" : "admin.credits.adjust.go")}
      </Button>
    </FormCard>
  );
}
