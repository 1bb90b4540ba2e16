import { useEffect, useId, useState } from "react";
import type { Job } from "@/shared/api/jobs";
import { promiseOf, secondsLeft } from "@/shared/jobs/jobs";
import { duration, t } from "@/shared/text/text";
import css from "./Progress.module.css";

/** "3 of 8, 20 s left", with a bar that is sewn along. */
export function Progress({ job }: { job: Job }) {
  const now = useNow();
  const id = useId();
  const left = secondsLeft(
    {
      created: Date.parse(job.created_at),
      started: job.started_at ? Date.parse(job.started_at) : undefined,
      progress: job.progress,
      promised: promiseOf(job.job_id),
    },
    now,
  );
  return (
    <div className={css["progress"]}>
      <p id={id} className={css["words"]}>
        <strong>{stateOf(job)}</strong>
        {left === undefined ? "" : `, ${t("progress.left", { time: duration(left) })}`}
      </p>
      <progress className={css["bar"]} max={1} value={job.progress} aria-labelledby={id} />
    </div>
  );
}

/** What a screen reader hears whenever it changes: each picture that is done, and how the job ended. No seconds. */
export function Announcement({ job }: { job: Job }) {
  return (
    <p role="status" className="unseen">
      {job.finished_at ? t(`state.${job.state}`) : stateOf(job)}
    </p>
  );
}

function stateOf(job: Job): string {
  const done = job.images.filter((image) => image.state === "done").length;
  return job.state === "queued" ? t("progress.queued") : t("progress.done", { done, count: job.count });
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
