import { type FormEvent, useId } from "react";
import { type ListedJob, useRename } from "@/shared/api/jobs";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";
import { jobTitle } from "./jobs";

interface Props {
  job: Pick<ListedJob, "job_id" | "title" | "tool" | "request">;
  open: boolean;
  onClose: () => void;
}

export function RenameDialog({ job, open, onClose }: Props) {
  const id = useId();
  const { fields, set, forget } = useWords(`rename/${job.job_id}`, { title: job.title ?? "" });
  const rename = useRename();
  const send = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate({ jobId: job.job_id, title: fields.title }, { onSuccess: () => close(fields) });
  };
  const close = (next?: { title: string }) => {
    forget(next);
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={() => close()}
      title={t("job.rename")}
      actions={
        <>
          <Button onClick={() => close()}>{t("dialog.cancel")}</Button>
          <Button type="submit" form={id} look="primary" busy={rename.isPending}>
            {t("job.rename.save")}
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={send}>
        <TextField
          label={t("job.name")}
          maxLength={200}
          value={fields.title}
          placeholder={jobTitle({ ...job, title: "" })}
          error={rename.error ? explain(rename.error).text : undefined}
          onChange={(event) => set({ title: event.target.value })}
        />
      </form>
    </Dialog>
  );
}
