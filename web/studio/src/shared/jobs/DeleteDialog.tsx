import { type ListedJob, useDeleteJob } from "@/shared/api/jobs";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { say, sayProblem } from "@/shared/ui/Toasts";
import { jobTitle } from "./jobs";

interface Props {
  job: Pick<ListedJob, "job_id" | "title" | "tool" | "request">;
  open: boolean;
  onClose: () => void;
  onDeleted?: () => void;
}

export function DeleteDialog({ job, open, onClose, onDeleted }: Props) {
  const remove = useDeleteJob();
  const send = () =>
    remove.mutate(job.job_id, {
      onSuccess: () => {
        onClose();
        say(t("job.deleted"));
        onDeleted?.();
      },
      onError: sayProblem,
    });
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("job.delete.title", { title: jobTitle(job) })}
      actions={
        <>
          <Button onClick={onClose}>{t("dialog.cancel")}</Button>
          <Button look="danger" busy={remove.isPending} onClick={send}>
            {t("job.delete")}
          </Button>
        </>
      }
    >
      <p>{t("job.delete.text")}</p>
    </Dialog>
  );
}
