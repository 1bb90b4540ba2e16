import { type Job, useFiles, useZip } from "@/shared/api/jobs";
import { named, number, t } from "@/shared/text/text";
import { Button, FileLink } from "@/shared/ui/Button";
import { sayProblem } from "@/shared/ui/Toasts";
import css from "./Downloads.module.css";

/** Every file of an image, and one zip of the whole job once it has ended. */
export function Downloads({ job, index }: { job: Job; index: number }) {
  const isOver = job.finished_at !== undefined;
  const files = useFiles(job.job_id, job.delivered > 0);
  const zip = useZip();
  const own = files.data?.files.filter((file) => file.image === index) ?? [];
  const fetchZip = () =>
    zip.mutate(job.job_id, {
      onSuccess: ({ url }) => location.assign(url),
      onError: sayProblem,
    });
  return (
    <section className={css["downloads"]} aria-label={t("download.label")} aria-busy={files.isPending}>
      <h2 className={css["title"]}>{t("download.label")}</h2>
      <ul className={css["files"]}>
        {own.map((file) => (
          <li key={file.kind}>
            <FileLink href={file.url} download={file.name} small title={file.name}>
              {named("file", file.kind, file.kind)}
            </FileLink>
          </li>
        ))}
      </ul>
      {isOver ? (
        <Button small busy={zip.isPending} onClick={fetchZip}>
          {t("download.zip", { count: number(job.delivered) })}
        </Button>
      ) : null}
    </section>
  );
}
