import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { type JobFilters, type JobState, type ListedJob, useJobs } from "@/shared/api/jobs";
import { isKnownTool, TOOL_ORDER } from "@/shared/api/tools";
import { useOpen } from "@/shared/form/fields";
import { DeleteDialog } from "@/shared/jobs/DeleteDialog";
import { jobTitle, toolIfUnsaid } from "@/shared/jobs/jobs";
import { RenameDialog } from "@/shared/jobs/RenameDialog";
import { relative, t } from "@/shared/text/text";
import { toolPicture, toolTitle } from "@/shared/tools/tools";
import { Button, ButtonLink } from "@/shared/ui/Button";
import { SelectField } from "@/shared/ui/Field";
import { More } from "@/shared/ui/More";
import { Empty, Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { Picture } from "@/shared/ui/Picture";
import css from "./JobsPage.module.css";

const STATES: readonly JobState[] = ["queued", "running", "succeeded", "partly_succeeded", "failed", "cancelled"];

/** The maker's jobs, newest first. The filters are in the address. */
export function JobsPage() {
  const [filters, setFilters] = useFilters();
  const jobs = useJobs(filters);
  const listed = jobs.data?.pages.flatMap((page) => page.jobs) ?? [];
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <Page title={t("jobs.title")} lead={t("jobs.lead")} aside={<Filters filters={filters} onFilters={setFilters} />}>
      {jobs.error ? <Failed error={jobs.error} again={() => void jobs.refetch()} /> : null}
      {jobs.isSuccess && listed.length === 0 ? <Nothing isFiltered={isFiltered} onAll={() => setFilters({})} /> : null}
      <ul className={css["jobs"]} aria-busy={jobs.isPending}>
        {jobs.isPending ? Array.from({ length: 8 }, (_, index) => <li key={index} className={css["waits"]} />) : null}
        {listed.map((job) => (
          <Card key={job.job_id} job={job} />
        ))}
      </ul>
      {jobs.hasNextPage ? (
        <div>
          <More pages={jobs} />
        </div>
      ) : null}
    </Page>
  );
}

function useFilters(): [JobFilters, (filters: JobFilters) => void] {
  const [, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const tool = search.get("tool");
  const state = STATES.find((one) => one === search.get("state"));
  const filters: JobFilters = { ...(tool && isKnownTool(tool) && { tool }), ...(state && { state }) };
  return [filters, (next) => navigate(`/jobs?${new URLSearchParams(next as Record<string, string>).toString()}`, { replace: true })];
}

function Filters({ filters, onFilters }: { filters: JobFilters; onFilters: (filters: JobFilters) => void }) {
  const change = (name: "tool" | "state", value: string) => {
    const { [name]: _before, ...rest } = filters;
    onFilters(value ? { ...rest, [name]: value } : rest);
  };
  return (
    <div className={css["filters"]}>
      <SelectField label={t("jobs.tool")} value={filters.tool ?? ""} onChange={(event) => change("tool", event.target.value)}>
        <option value="">{t("jobs.all")}</option>
        {TOOL_ORDER.map((tool) => (
          <option key={tool} value={tool}>
            {toolTitle(tool)}
          </option>
        ))}
      </SelectField>
      <SelectField label={t("jobs.state")} value={filters.state ?? ""} onChange={(event) => change("state", event.target.value)}>
        <option value="">{t("jobs.all")}</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {t(`state.${state}`)}
          </option>
        ))}
      </SelectField>
    </div>
  );
}

function Card({ job }: { job: ListedJob }) {
  const [isRenaming, rename] = useOpen(`rename/${job.job_id}`);
  const [isDeleting, askToDelete] = useState(false);
  const title = jobTitle(job);
  const isOver = job.finished_at !== undefined;
  return (
    <li className={css["card"]}>
      <Link href={`/jobs/${job.job_id}`} className={css["link"]}>
        <span className={css["pictures"]} data-count={Math.min(4, job.thumbnail_urls.length)}>
          {job.thumbnail_urls.length > 0
            ? job.thumbnail_urls.map((url) => <Picture key={url.split("?")[0]} src={url} alt="" checks cover={job.tool === "pattern"} />)
            : <span className={css["nothing"]}>{isOver ? t(`state.${job.state}`) : <Picture src={undefined} alt="" />}</span>}
        </span>
        <span className={css["title"]}>{title}</span>
      </Link>
      <p className={css["facts"]}>
        {toolIfUnsaid(job)}
        {isOver ? relative(job.created_at) : t(`state.${job.state}`)}
        {job.state === "partly_succeeded" ? ` · ${t("progress.done", { done: job.delivered, count: job.count })}` : ""}
        <span className={css["expiry"]}>{t("job.expires", { when: relative(job.expires_at) })}</span>
      </p>
      <div className={css["buttons"]}>
        <Button look="quiet" small onClick={() => rename(true)} aria-label={`${t("job.rename")}: ${title}`}>
          {t("job.rename")}
        </Button>
        {isOver ? (
          <Button look="quiet" small onClick={() => askToDelete(true)} aria-label={`${t("job.delete")}: ${title}`}>
            {t("job.delete")}
          </Button>
        ) : null}
      </div>
      <RenameDialog job={job} open={isRenaming} onClose={() => rename(false)} />
      <DeleteDialog job={job} open={isDeleting} onClose={() => askToDelete(false)} />
    </li>
  );
}

function Nothing({ isFiltered, onAll }: { isFiltered: boolean; onAll: () => void }) {
  if (isFiltered) {
    return (
      <Empty title={t("jobs.none.filtered")} action={<Button onClick={onAll}>{t("jobs.showall")}</Button>}>
        {t("jobs.none.filtered.text")}
      </Empty>
    );
  }
  const picture = toolPicture("picture");
  return (
    <Empty
      title={t("jobs.none")}
      {...(picture && { picture })}
      action={
        <ButtonLink href="/" look="primary">
          {t("jobs.first")}
        </ButtonLink>
      }
    >
      {t("jobs.none.text")}
    </Empty>
  );
}
