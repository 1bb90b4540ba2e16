import type { Account } from "@/shared/api/account";
import { useChangePlan } from "@/shared/api/admin";
import { usePlans } from "@/shared/api/plans";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { number, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { SelectField } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import { FormCard } from "./FormCard";

/** Changes the plan. */
export function Plan({ maker, current }: { maker: string; current: Account["plan"] }) {
  const { fields, set, forget } = useWords(`plan/${maker}`, { name: current.name });
  const plans = usePlans();
  const change = useChangePlan(maker);
  const failure = change.error ?? plans.error;
  const submit = () =>
    change.mutate(fields.name, {
      onSuccess: (account) => {
        say(t("admin.plan.done", { plan: account.plan.title }));
        forget({ name: account.plan.name });
      },
    });
  return (
    <FormCard title={t("credits.plan")} onSubmit={submit}>
      <SelectField
        label={t("admin.plan.name")}
        hint={t("admin.plan.hint")}
        error={failure ? explain(failure).text : undefined}
        value={fields.name}
        onChange={(event) => {
          set({ name: event.target.value });
          change.reset();
        }}
      >
        {(plans.data ?? [current]).map((each) => (
          <option key={each.name} value={each.name}>
            {t("credits.plan.monthly", { plan: each.title, count: number(each.monthly_credits) })}
          </option>
        ))}
      </SelectField>
      <Button type="submit" busy={change.isPending} disabled={fields.name === current.name}>
        {t("admin.plan.go")}
      </Button>
    </FormCard>
  );
}
