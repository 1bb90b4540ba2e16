import type { Image, Job } from "@/shared/api/jobs";
import { usePublishable } from "@/shared/api/requests";
import { useOpen } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { toolPicture, toolTitle } from "@/shared/tools/tools";
import { Button, ButtonLink } from "@/shared/ui/Button";
import css from "./ImageActions.module.css";
import { PublishDialog } from "./PublishDialog";

/** What can be made of an image next, as pictures of the tools. */
const NEXT = ["variations", "upscale", "outpaint", "cutout", "pattern", "lineart"];

export function ImageActions({ job, image }: { job: Job; image: Image }) {
  const source = `${job.job_id}/${image.index}`;
  const [isPublishing, publish] = useOpen(`publish/${source}`);
  const isKept = usePublishable(source, job.remix_of !== undefined) === false;
  return (
    <section className={css["actions"]} aria-label={t("actions.label")}>
      <ul className={css["next"]}>
        {NEXT.map((tool) => (
          <li key={tool}>
            <ButtonLink href={`/make/${tool}?source=${encodeURIComponent(source)}`} className={css["tool"]}>
              <img src={toolPicture(tool)} alt="" width={64} height={48} data-tool={tool} className={css["picture"]} />
              {toolTitle(tool)}
            </ButtonLink>
          </li>
        ))}
      </ul>
      {isKept ? <p className={css["kept"]}>{t("publish.kept")}</p> : null}
      {job.finished_at && !isKept ? (
        <Button look="primary" onClick={() => publish(true)}>
          {t("publish.open")}
        </Button>
      ) : null}
      <PublishDialog job={job} index={image.index} open={isPublishing} onClose={() => publish(false)} />
    </section>
  );
}
