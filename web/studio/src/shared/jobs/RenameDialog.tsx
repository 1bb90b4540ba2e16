import { type FormEvent, useId, useState } from "react";
import { type ListedJob, useRename } from "@/shared/api/jobs";
import { explain } from "@/shared/api/problems";
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
  const [title, setTitle] = useState(job.title ?? "");
  const rename = useRename();
  const send = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate({ jobId: job.job_id, title }, { onSuccess: onClose });
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("job.rename")}
      actions={
        <>
          <Button onClick={onClose}>{t("dialog.cancel")}</Button>
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
          value={title}
          placeholder={jobTitle({ ...job, title: "" })}
          error={rename.error ? explain(rename.error).text : undefined}
          onChange={(event) => setTitle(event.target.value)}
        />
      </form>
    </Dialog>
  );
}
