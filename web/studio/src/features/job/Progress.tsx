import { useEffect, useState } from "react";
import type { Job } from "@/shared/api/jobs";
import { promiseOf, secondsLeft } from "@/shared/jobs/jobs";
import { duration, t } from "@/shared/text/text";
import css from "./Progress.module.css";

/** "3 of 8, 20 s left", with a bar that is sewn along. */
export function Progress({ job }: { job: Job }) {
  const now = useNow();
  const left = secondsLeft(
    {
      created: Date.parse(job.created_at),
      started: job.started_at ? Date.parse(job.started_at) : undefined,
      progress: job.progress,
      promised: promiseOf(job.job_id),
    },
    now,
  );
  const done = job.images.filter((image) => image.state === "done").length;
  const words = job.state === "queued" ? t("progress.queued") : t("progress.done", { done, count: job.count });
  return (
    <div className={css["progress"]}>
      <p role="status" className={css["words"]}>
        <strong>{words}</strong>
        {left === undefined ? "" : `, ${t("progress.left", { time: duration(left) })}`}
      </p>
      <progress className={css["bar"]} max={1} value={job.progress} aria-label={words} />
    </div>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
