import { useState } from "react";
import { Link, useLocation, useParams, useSearch } from "wouter";
import { type Image, type Job, useCancel, useJob } from "@/shared/api/jobs";
import { problemName } from "@/shared/api/problems";
import { useOpen } from "@/shared/form/fields";
import { DeleteDialog } from "@/shared/jobs/DeleteDialog";
import { jobTitle, toolIfUnsaid } from "@/shared/jobs/jobs";
import { RenameDialog } from "@/shared/jobs/RenameDialog";
import { termsInWords } from "@/shared/jobs/terms";
import { relative, t } from "@/shared/text/text";
import { Button, ButtonLink } from "@/shared/ui/Button";
import { Missing } from "@/shared/ui/Missing";
import { Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { sayProblem } from "@/shared/ui/Toasts";
import { Downloads } from "./Downloads";
import { ImageActions } from "./ImageActions";
import css from "./JobPage.module.css";
import { Outcome } from "./Outcome";
import { Announcement, Progress } from "./Progress";
import { Stage } from "./stage/Stage";
import { Tiles } from "./Tiles";

/** A job: each picture as it comes, and what can be done with it. `?image=` is the one in view. */
export function JobPage() {
  const { jobId = "" } = useParams<{ jobId: string }>();
  const job = useJob(jobId);
  if (problemName(job.error) === "JobNotFound") return <Missing what={t("job.gone")} why={t("job.gone.text")} href="/jobs" link={t("jobs.title")} />;
  if (!job.data) {
    return (
      <Page title={t("job.title")}>
        {job.error ? <Failed error={job.error} again={() => void job.refetch()} /> : <div className={css["waits"]} aria-busy="true" />}
      </Page>
    );
  }
  return <Shown job={job.data} />;
}

function Shown({ job }: { job: Job }) {
  const [image, choose] = useChosen(job);
  const isOver = job.finished_at !== undefined;
  return (
    <Page
      title={jobTitle(job)}
      lead={
        <>
          {toolIfUnsaid(job)}
          {relative(job.created_at)} · {t("job.expires", { when: relative(job.expires_at) })}
        </>
      }
      aside={<Actions job={job} />}
    >
      <Announcement job={job} />
      {isOver ? <Outcome job={job} /> : <Progress job={job} />}
      {job.remix_of ? (
        <p>
          <Link href={`/gallery/${job.remix_of}`}>{t("job.remix")}</Link>
        </p>
      ) : null}
      <div className={css["columns"]}>
        <Stage job={job} image={image} />
        <div className={css["side"]}>
          <Tiles job={job} chosen={image?.index} onChoose={choose} />
          {image?.state === "done" ? (
            <>
              <ImageActions key={image.index} job={job} image={image} />
              <Downloads job={job} index={image.index} />
            </>
          ) : null}
        </div>
      </div>
      <p className={css["terms"]}>{termsInWords(job.terms)}</p>
    </Page>
  );
}

/** The image in view: the one of the address, else the first that is done. */
function useChosen(job: Job): [Image | undefined, (index: number) => void] {
  const [, navigate] = useLocation();
  const wanted = new URLSearchParams(useSearch()).get("image");
  const image = job.images.find((one) => String(one.index) === wanted) ?? job.images.find((one) => one.state === "done");
  return [image, (index) => navigate(`/jobs/${job.job_id}?image=${index}`, { replace: true })];
}

function Actions({ job }: { job: Job }) {
  const [, navigate] = useLocation();
  const [isRenaming, rename] = useOpen(`rename/${job.job_id}`);
  const [isDeleting, askToDelete] = useState(false);
  const cancel = useCancel();
  if (!job.finished_at) {
    return (
      <Button look="danger" busy={cancel.isPending} onClick={() => cancel.mutate(job.job_id, { onError: sayProblem })}>
        {t("job.cancel")}
      </Button>
    );
  }
  return (
    <>
      <ButtonLink href={`/make/${job.tool}?from=${job.job_id}`} look="primary" small>
        {t("job.again")}
      </ButtonLink>
      <Button small onClick={() => rename(true)}>{t("job.rename")}</Button>
      <Button look="quiet" small onClick={() => askToDelete(true)}>
        {t("job.delete")}
      </Button>
      <RenameDialog job={job} open={isRenaming} onClose={() => rename(false)} />
      <DeleteDialog job={job} open={isDeleting} onClose={() => askToDelete(false)} onDeleted={() => navigate("/jobs")} />
    </>
  );
}
