import { useState } from "react";
import { type ListedJob, useJob, useJobs } from "@/shared/api/jobs";
import { type UploadSummary, useUploads } from "@/shared/api/uploads";
import { jobTitle } from "@/shared/jobs/jobs";
import { relative, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
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

/** The maker's own pictures: those of jobs, first the jobs and then the images of one, and those that were sent. */
export function SourceDialog({ open, onClose, onSource }: Props) {
  const [jobId, setJobId] = useState<string>();
  const [place, choose] = useState<"jobs" | "uploads">("jobs");
  const uploads = useUploads(open).data?.filter((upload) => upload.state === "ready") ?? [];
  const take = (source: string) => {
    onSource(source);
    setJobId(undefined);
    onClose();
  };
  return (
    <Dialog open={open} onClose={onClose} title={t("source.dialog")} wide>
      {uploads.length > 0 && !jobId ? (
        <Choices
          legend={t("source.place")}
          quiet
          value={place}
          onChoose={choose}
          choices={[
            { value: "jobs", label: t("source.place.jobs") },
            { value: "uploads", label: t("source.place.uploads") },
          ]}
        />
      ) : null}
      {jobId ? (
        <Images jobId={jobId} onTake={take} onBack={() => setJobId(undefined)} />
      ) : place === "uploads" && uploads.length > 0 ? (
        <Uploads uploads={uploads} onTake={take} />
      ) : (
        <Jobs onJob={setJobId} />
      )}
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

function Uploads({ uploads, onTake }: { uploads: UploadSummary[]; onTake: (source: string) => void }) {
  return (
    <ul className={css["grid"]}>
      {uploads.map(({ upload_id: id, source = "", thumbnail_url: url, alpha = false, created_at: sent }) => (
        <li key={id}>
          <button type="button" className={css["choice"]} onClick={() => onTake(source)} aria-label={t("source.take.sent", { when: relative(sent) })}>
            <span className={css["whole"]}>
              <Picture src={url} alt="" checks={alpha} fill loading="lazy" />
            </span>
            <span className={css["title"]}>{relative(sent)}</span>
          </button>
        </li>
      ))}
    </ul>
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
