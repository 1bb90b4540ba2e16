import { useState } from "react";
import type { Image, Job } from "@/shared/api/jobs";
import { jobTitle } from "@/shared/jobs/jobs";
import { useSource } from "@/shared/source/source";
import { t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { Picture } from "@/shared/ui/Picture";
import { reasonOf } from "../reasons";
import { Compare } from "./Compare";
import { CutStage } from "./CutStage";
import { PatternStage } from "./PatternStage";
import css from "./Stage.module.css";
import { VIEW_TEXTS, type View, viewsOf } from "./views";

/** The image in view, large: as its tool makes it useful. */
export function Stage({ job, image }: { job: Job; image: Image | undefined }) {
  const source = useSource(job.request["source"]);
  const others = job.images.filter((one) => one.state === "done" && one.index !== image?.index);
  const [wanted, want] = useState<View>();
  if (!image || image.state !== "done" || !image.url) return <Waiting job={job} image={image} />;
  const canCompare = source?.url !== undefined || others.length > 0;
  const views = viewsOf(job.tool, image.files, canCompare);
  const view = views.find((one) => one === wanted) ?? views[0] ?? "made";
  const alt = t("stage.alt", { title: jobTitle(job), number: image.index + 1 });
  return (
    <section className={css["stage"]} aria-label={t("stage.label")}>
      {views.length > 1 ? (
        <Choices legend={t("stage.view")} quiet value={view} onChoose={want} choices={views.map((value) => ({ value, label: t(VIEW_TEXTS[value]) }))} />
      ) : null}
      {view === "compare" ? <Compare key={image.index} job={job} image={image} source={source} others={others} alt={alt} /> : <Made job={job} image={image} alt={alt} view={view} />}
      <p className={css["facts"]}>
        {image.width} × {image.height} px · {t("stage.seed", { seed: image.seed })}
      </p>
      {image.near_identical_to === undefined ? null : <p className={css["facts"]}>{t("stage.twin", { number: image.near_identical_to + 1 })}</p>}
    </section>
  );
}

function Made({ job, image, alt, view }: { job: Job; image: Image; alt: string; view: View }) {
  if (view === "surface" || view === "goods" || view === "tile") return <PatternStage job={job} image={image} alt={alt} view={view} />;
  if (view === "picture" || view === "sticker" || view === "cut") return <CutStage image={image} alt={alt} what={view} isMirrored={job.request["mirror"] === true} />;
  return (
    <div className={css["room"]}>
      <Picture src={image.url} alt={alt} width={image.width} height={image.height} checks />
    </div>
  );
}

/** Before the first image is there, or instead of one that failed. */
function Waiting({ job, image }: { job: Job; image: Image | undefined }) {
  const isOver = job.finished_at !== undefined;
  return (
    <section className={css["stage"]} aria-label={t("stage.label")}>
      <div className={css["none"]}>
        {isOver ? (
          <>
            <p className={css["lost"]}>{t(image?.state === "deleted" ? "tiles.deleted" : "stage.none")}</p>
            {image?.error ? <p>{reasonOf(image.error, image.reason)}</p> : null}
            {image?.error ? <p>{t("outcome.free")}</p> : null}
          </>
        ) : (
          <p className={css["lost"]}>{t("stage.soon")}</p>
        )}
      </div>
    </section>
  );
}
