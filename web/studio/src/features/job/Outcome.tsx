import type { Job } from "@/shared/api/jobs";
import { counted, number, t } from "@/shared/text/text";
import { Notice } from "@/shared/ui/Notice";
import { failuresOf, warningsOf } from "./reasons";

/** How an ended job went, where there is something to say: failures with their reasons, and what was given back. */
export function Outcome({ job }: { job: Job }) {
  const { refunded, spent } = job.credits;
  const warnings = warningsOf(job.images);
  const reasons = failuresOf(job.images);
  const back = refunded === 0 ? "" : spent === 0 ? t("outcome.free") : counted("outcome.back", refunded);
  switch (job.state) {
    case "failed":
      return (
        <Notice tone="bad">
          <strong>{t("outcome.failed")}</strong> {back}
          <Reasons reasons={reasons} />
        </Notice>
      );
    case "partly_succeeded":
      return (
        <Notice>
          <strong>{t("outcome.partly", { delivered: number(job.delivered), count: number(job.count) })}</strong> {back}
          <Reasons reasons={reasons} />
        </Notice>
      );
    case "cancelled":
      return (
        <Notice>
          <strong>{t("outcome.cancelled")}</strong> {back}
        </Notice>
      );
    default:
      return warnings.length + refunded > 0 ? (
        <Notice>
          {back}
          <Reasons reasons={warnings} />
        </Notice>
      ) : null;
  }
}

function Reasons({ reasons }: { reasons: string[] }) {
  return (
    <ul>
      {reasons.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}
