import { useState } from "react";
import type { Image, Job } from "@/shared/api/jobs";
import { jobTitle } from "@/shared/jobs/jobs";
import { useSource } from "@/shared/source/source";
import { named, t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { Picture } from "@/shared/ui/Picture";
import { Compare } from "./Compare";
import { CutStage } from "./CutStage";
import { PatternStage } from "./PatternStage";
import css from "./Stage.module.css";

/** The image in view, large: as its tool makes it useful. */
export function Stage({ job, image }: { job: Job; image: Image | undefined }) {
  const source = useSource(job.request["source"]);
  const others = job.images.filter((one) => one.state === "done" && one.index !== image?.index);
  const [view, setView] = useState("made");
  if (!image || image.state !== "done" || !image.url) return <Waiting job={job} image={image} />;
  const canCompare = source?.url !== undefined || others.length > 0;
  const alt = t("stage.alt", { title: jobTitle(job), number: image.index + 1 });
  return (
    <section className={css["stage"]} aria-label={t("stage.label")}>
      {canCompare ? (
        <Choices
          legend={t("stage.view")}
          quiet
          value={view}
          onChoose={setView}
          choices={[
            { value: "made", label: t("stage.made") },
            { value: "compare", label: t("stage.compare") },
          ]}
        />
      ) : null}
      {view === "compare" && canCompare ? (
        <Compare image={image} source={source} others={others} alt={alt} />
      ) : (
        <Made job={job} image={image} alt={alt} />
      )}
      <p className={css["facts"]}>
        {image.width} × {image.height} px · {t("stage.seed", { seed: image.seed })}
      </p>
      {image.near_identical_to === undefined ? null : <p className={css["facts"]}>{t("stage.twin", { number: image.near_identical_to + 1 })}</p>}
    </section>
  );
}

function Made({ job, image, alt }: { job: Job; image: Image; alt: string }) {
  if (job.tool === "pattern") return <PatternStage key={image.index} job={job} image={image} alt={alt} />;
  if (image.files?.["cut.svg"]) return <CutStage image={image} alt={alt} />;
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
            {image?.error ? <p>{image.reason ?? named("fault", image.error, image.error)}</p> : null}
            {image?.error ? <p>{t("outcome.free")}</p> : null}
          </>
        ) : (
          <p className={css["lost"]}>{t("stage.soon")}</p>
        )}
      </div>
    </section>
  );
}
