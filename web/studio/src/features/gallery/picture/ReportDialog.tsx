import { type FormEvent, useId } from "react";
import { REASONS, type Reason, useReport } from "@/shared/api/moderation";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
import { Dialog } from "@/shared/ui/Dialog";
import { TextArea } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import css from "./ReportDialog.module.css";

const LONGEST = 1000;

interface Props {
  pictureId: string;
  open: boolean;
  onClose: () => void;
}

/** Reports a picture to the administrators, with a reason. */
export function ReportDialog({ pictureId, open, onClose }: Props) {
  const form = useId();
  const { fields, set, forget } = useWords(`report/${pictureId}`, { reason: "copyright" as Reason, words: "" });
  const { reason, words } = fields;
  const report = useReport(pictureId);
  const refused = report.error ? explain(report.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    report.mutate(
      { reason, ...(words.trim() && { words: words.trim() }) },
      {
        onSuccess: () => {
          say(t("report.done"));
          forget();
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("report.title")}
      actions={
        <>
          <Button onClick={onClose}>{t("dialog.cancel")}</Button>
          <Button type="submit" form={form} look="primary" busy={report.isPending}>
            {t("report.go")}
          </Button>
        </>
      }
    >
      <form id={form} className={css["form"]} onSubmit={submit}>
        <Choices
          legend={t("report.reason")}
          value={reason}
          onChoose={(next) => set({ reason: next })}
          choices={REASONS.map((value) => ({ value, label: t(`reason.${value}`) }))}
        />
        <TextArea
          label={t("report.words")}
          hint={t("report.words.hint")}
          error={refused?.fields["words"]}
          maxLength={LONGEST}
          value={words}
          onChange={(event) => set({ words: event.target.value })}
        />
        {refused && !refused.fields["words"] ? <p role="alert" className={css["refused"]}>{refused.text}</p> : null}
      </form>
    </Dialog>
  );
}
