import { useSuspend } from "@/shared/api/admin";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import { FormCard } from "./FormCard";

/** Suspends an account, or ends its suspension. */
export function Suspension({ maker, reason }: { maker: string; reason: string | undefined }) {
  return reason === undefined ? <Suspend maker={maker} /> : <End maker={maker} reason={reason} />;
}

function Suspend({ maker }: { maker: string }) {
  const { fields, set, forget } = useWords(`suspension/${maker}`, { reason: "" });
  const suspend = useSuspend(maker);
  const submit = () =>
    suspend.mutate(fields.reason.trim(), {
      onSuccess: () => {
        say(t("admin.suspension.done"));
        forget();
      },
    });
  return (
    <FormCard title={t("admin.suspension")} onSubmit={submit}>
      <TextField
        label={t("admin.suspension.reason")}
        hint={t("admin.suspension.hint")}
        error={suspend.error ? explain(suspend.error).text : undefined}
        required
        maxLength={500}
        value={fields.reason}
        onChange={(event) => {
          set({ reason: event.target.value });
          suspend.reset();
        }}
      />
      <Button type="submit" look="danger" busy={suspend.isPending}>
        {t("admin.suspension.go")}
      </Button>
    </FormCard>
  );
}

function End({ maker, reason }: { maker: string; reason: string }) {
  const end = useSuspend(maker);
  const submit = () => end.mutate(null, { onSuccess: () => say(t("admin.suspension.ended")) });
  return (
    <FormCard title={t("admin.suspended")} onSubmit={submit}>
      <p>{reason}</p>
      {end.error ? <p role="alert">{explain(end.error).text}</p> : null}
      <Button type="submit" busy={end.isPending}>
        {t("admin.suspension.end")}
      </Button>
    </FormCard>
  );
}
