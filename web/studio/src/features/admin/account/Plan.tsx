import { useChangePlan } from "@/shared/api/admin";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import { FormCard } from "./FormCard";

/** Changes the plan. Which plans there are, the API says when it refuses a name. */
export function Plan({ maker, plan }: { maker: string; plan: string }) {
  const { fields, set, forget } = useWords(`plan/${maker}`, { name: plan });
  const name = fields.name.trim();
  const change = useChangePlan(maker);
  const submit = () =>
    change.mutate(name, {
      onSuccess: (account) => {
        say(t("admin.plan.done", { plan: account.plan.title }));
        forget({ name: account.plan.name });
      },
    });
  return (
    <FormCard title={t("credits.plan")} onSubmit={submit}>
      <TextField
        label={t("admin.plan.name")}
        hint={t("admin.plan.hint")}
        error={change.error ? explain(change.error).text : undefined}
        required
        maxLength={100}
        autoCapitalize="none"
        spellCheck={false}
        value={fields.name}
        onChange={(event) => {
          set({ name: event.target.value });
          change.reset();
        }}
      />
      <Button type="submit" busy={change.isPending} disabled={name === plan}>
        {t("admin.plan.go")}
      </Button>
    </FormCard>
  );
}
