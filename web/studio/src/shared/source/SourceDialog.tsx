import { useState } from "react";
import { type ListedJob, useJob, useJobs } from "@/shared/api/jobs";
import { jobTitle } from "@/shared/jobs/jobs";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { More } from "@/shared/ui/More";
import { Failed } from "@/shared/ui/Notice";
import { Picture } from "@/shared/ui/Picture";
import css from "./SourceDialog.module.css";

interface Props {
  open: boolean;
  onClose: () => void;
  onSource: (source: string) => void;
}

/** The images of the maker's own jobs: first the jobs, then the images of one. */
export function SourceDialog({ open, onClose, onSource }: Props) {
  const [jobId, setJobId] = useState<string>();
  const take = (source: string) => {
    onSource(source);
    setJobId(undefined);
    onClose();
  };
  return (
    <Dialog open={open} onClose={onClose} title={t("source.dialog")} wide>
      {jobId ? <Images jobId={jobId} onTake={take} onBack={() => setJobId(undefined)} /> : <Jobs onJob={setJobId} />}
    </Dialog>
  );
}

function Jobs({ onJob }: { onJob: (jobId: string) => void }) {
  const jobs = useJobs({});
  const listed = jobs.data?.pages.flatMap((page) => page.jobs).filter((job) => job.thumbnail_urls.length > 0) ?? [];
  if (jobs.error) return <Failed error={jobs.error} again={() => void jobs.refetch()} />;
  return (
    <>
      {jobs.isSuccess && listed.length === 0 ? <p>{t("source.none")}</p> : null}
      <ul className={css["grid"]}>
        {listed.map((job) => (
          <li key={job.job_id}>
            <button type="button" className={css["choice"]} onClick={() => onJob(job.job_id)}>
              <Few job={job} />
              <span className={css["title"]}>{jobTitle(job)}</span>
            </button>
          </li>
        ))}
      </ul>
      <More pages={jobs} />
    </>
  );
}

function Few({ job }: { job: ListedJob }) {
  return (
    <span className={css["few"]}>
      {job.thumbnail_urls.slice(0, 4).map((url) => (
        <Picture key={url} src={url} alt="" />
      ))}
    </span>
  );
}

function Images({ jobId, onTake, onBack }: { jobId: string; onTake: (source: string) => void; onBack: () => void }) {
  const job = useJob(jobId);
  const images = job.data?.images.filter((image) => image.state === "done") ?? [];
  return (
    <>
      <div>
        <Button look="quiet" small onClick={onBack}>
          {t("source.back")}
        </Button>
      </div>
      <ul className={css["grid"]}>
        {images.map((image) => (
          <li key={image.index}>
            <button
              type="button"
              className={css["choice"]}
              onClick={() => onTake(`${jobId}/${image.index}`)}
              aria-label={t("source.take", { number: image.index + 1 })}
            >
              <Picture src={image.thumbnail_url} alt="" checks />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
