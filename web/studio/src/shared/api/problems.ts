/** What to tell a maker when a request fails. */
import { Refused } from "@client/index";
import { saidInWords } from "@/shared/text/said";
import { duration, named, number, t } from "@/shared/text/text";

export interface Explained {
  text: string;
  /** The parts of the request that were refused, such as `prompt` or `sheet.width`, each with its reason. */
  fields: Record<string, string>;
}

/** The problem type without its path, such as `CreditsInsufficient`. Empty for other errors. */
export function problemName(error: unknown): string {
  return error instanceof Refused ? (error.problem.type ?? "").replace("/problems/", "") : "";
}

/** `paid` is for requests that would be charged: what becomes of the credits is said too. */
export function explain(error: unknown, { paid = false } = {}): Explained {
  if (!(error instanceof Refused)) return { text: t(isOffline(error) ? "problem.offline" : "problem.unknown"), fields: {} };
  const { problem, status } = error;
  const fields: Record<string, string> = {};
  for (const { field, detail } of problem.errors ?? []) fields[field] = saidInWords(detail);
  if (problem.field) fields[problem.field] ??= saidInWords(problem.detail ?? "");
  if (status === 401) return { text: t("problem.signedout"), fields: {} };
  const name = problemName(error);
  const fallback = status >= 500 ? t("problem.server") : (saidInWords(problem.detail ?? "") || t("problem.unknown"));
  const text = named("problem", name === "PromptRefused" && !problem.words?.length ? "PromptRefused.unnamed" : name, fallback);
  const credits = paid ? ofCredits(name, status) : "";
  return { text: `${filled(text, problem)} ${credits}`.trim(), fields };
}

/** What became of the credits, where it is not clear. An answer of the server can get lost after the job was accepted. */
function ofCredits(name: string, status: number): string {
  if (status >= 500) return t("problem.paid.once");
  return name === "PromptRefused" ? t("problem.paid.nothing") : "";
}

/** A text with the numbers of its problem. */
function filled(text: string, problem: Partial<Refused["problem"]>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = (problem as Record<string, unknown>)[name];
    if (Array.isArray(value)) return value.join(", ");
    if (typeof value === "number") return name.endsWith("_s") ? duration(value) : number(value);
    return typeof value === "string" ? value : whole;
  });
}

function isOffline(error: unknown): boolean {
  return error instanceof TypeError;
}
