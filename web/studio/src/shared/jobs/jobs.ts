/** What is said about a job in several places. */
import type { components } from "@client/index";
import { toolTitle } from "@/shared/tools/tools";

type AnyJob = Pick<components["schemas"]["JobSummary"], "title" | "tool" | "request">;

/** The title that the maker gave, else the words, else the tool. */
export function jobTitle(job: AnyJob): string {
  const { prompt } = job.request;
  return job.title || (typeof prompt === "string" && prompt) || toolTitle(job.tool);
}

/** The tool in front of other facts, unless it is the title already. */
export function toolIfUnsaid(job: AnyJob): string {
  const tool = toolTitle(job.tool);
  return tool === jobTitle(job) ? "" : `${tool} · `;
}

/**
 * Seconds until a job ends, or `undefined` if nothing is known yet.
 *
 * After the start, it is what the share that is done has taken. Before, it is what the quote promised.
 */
export function secondsLeft(
  { created, started, progress, promised }: { created: number; started?: number | undefined; progress: number; promised?: number | undefined },
  now: number,
): number | undefined {
  const waited = (now - created) / 1000;
  const planned = promised === undefined ? undefined : Math.max(1, promised - waited);
  if (started === undefined || progress < 0.1) return planned;
  const rendered = (now - started) / 1000;
  return Math.max(1, (rendered / progress) * (1 - progress));
}

const PROMISE = "studio.promise.";

/** What a job's quote said, for its page. */
export function keepPromise(jobId: string, seconds: number): void {
  sessionStorage.setItem(PROMISE + jobId, String(seconds));
}

export function promiseOf(jobId: string): number | undefined {
  const kept = sessionStorage.getItem(PROMISE + jobId);
  return kept === null ? undefined : Number(kept);
}
