import { Link } from "wouter";
import { useJobs } from "@/shared/api/jobs";
import { jobTitle } from "@/shared/jobs/jobs";
import { t } from "@/shared/text/text";
import { Picture } from "@/shared/ui/Picture";
import css from "./Lately.module.css";

const SHOWN = 6;

/** The maker's latest jobs: what is still in the making, and what came of the others. */
export function Lately() {
  const jobs = useJobs({}, SHOWN);
  const listed = jobs.data?.pages[0]?.jobs.filter((job) => !job.finished_at || job.thumbnail_urls.length > 0) ?? [];
  if (listed.length === 0) return null;
  return (
    <section className={css["lately"]} aria-label={t("lately")}>
      <header className={css["head"]}>
        <h2>{t("lately")}</h2>
        <Link href="/jobs">{t("lately.all")}</Link>
      </header>
      <ul className={css["jobs"]}>
        {listed.map((job) => (
          <li key={job.job_id}>
            <Link href={`/jobs/${job.job_id}`} className={css["job"]}>
              <Picture src={job.thumbnail_urls[0]} alt="" checks cover={job.tool === "pattern"} />
              <span className={css["title"]}>{jobTitle(job)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
