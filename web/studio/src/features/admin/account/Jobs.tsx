import { useState } from "react";
import { type AdminJob, useAnyJob, useMakerJobs } from "@/shared/api/admin";
import { jobTitle } from "@/shared/jobs/jobs";
import { counted, date, number, t } from "@/shared/text/text";
import { toolTitle } from "@/shared/tools/tools";
import { More } from "@/shared/ui/More";
import { Failed } from "@/shared/ui/Notice";
import css from "./Jobs.module.css";

/** The jobs of a maker, newest first. Each opens to what became of its images. */
export function Jobs({ maker }: { maker: string }) {
  const pages = useMakerJobs(maker);
  const jobs = pages.data?.pages.flatMap((page) => page.jobs) ?? [];
  return (
    <section className={css["jobs"]} aria-labelledby="jobs" aria-busy={pages.isPending}>
      <h2 id="jobs">{t("admin.jobs")}</h2>
      {pages.error ? <Failed error={pages.error} again={() => void pages.refetch()} /> : null}
      {pages.isSuccess && jobs.length === 0 ? <p>{t("admin.jobs.none")}</p> : null}
      <ol>
        {jobs.map((job) => (
          <Row key={job.job_id} job={job} />
        ))}
      </ol>
      <More pages={pages} />
    </section>
  );
}

function Row({ job }: { job: AdminJob }) {
  const [isOpen, open] = useState(false);
  return (
    <li>
      <details className={css["job"]} onToggle={(event) => open(event.currentTarget.open)}>
        <summary className={css["summary"]}>
          <strong className={css["title"]}>{jobTitle(job)}</strong>
          <span>{toolTitle(job.tool)}</span>
          <span>{t(`state.${job.state}`)}</span>
          <time dateTime={job.created_at}>{date(job.created_at, "long")}</time>
        </summary>
        {isOpen ? <Detail jobId={job.job_id} /> : null}
      </details>
    </li>
  );
}

function Detail({ jobId }: { jobId: string }) {
  const job = useAnyJob(jobId);
  if (job.error) return <Failed error={job.error} again={() => void job.refetch()} />;
  if (!job.data) return <p aria-busy="true">…</p>;
  const { credits, images } = job.data;
  const split = { spent: number(credits.spent), refunded: number(credits.refunded), reserved: number(credits.reserved) };
  return (
    <div className={css["detail"]}>
      <p className={css["id"]}>{jobId}</p>
      <p>{counted("admin.job.price", credits.price, split)}</p>
      <ol>
        {images.map((image) => (
          <li key={image.index}>
            {t("admin.job.image", { number: image.index + 1, state: t(`admin.image.${image.state}`) })}
            {image.reason ? ` · ${image.reason}` : null}
          </li>
        ))}
      </ol>
    </div>
  );
}
