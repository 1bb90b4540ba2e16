import type { Image, Job } from "@/shared/api/jobs";
import { t } from "@/shared/text/text";
import { Picture } from "@/shared/ui/Picture";
import { cx } from "@/shared/ui/cx";
import css from "./Tiles.module.css";

interface Props {
  job: Job;
  chosen: number | undefined;
  onChoose: (index: number) => void;
}

/** All images of the job, each in its place from the start. */
export function Tiles({ job, chosen, onChoose }: Props) {
  return (
    <ol className={css["tiles"]} aria-label={t("tiles.label")}>
      {job.images.map((image) => (
        <li key={image.index}>
          <Tile image={image} isPattern={job.tool === "pattern"} isOver={job.finished_at !== undefined} isChosen={image.index === chosen} onChoose={() => onChoose(image.index)} />
        </li>
      ))}
    </ol>
  );
}

interface TileProps {
  image: Image;
  isPattern: boolean;
  isOver: boolean;
  isChosen: boolean;
  onChoose: () => void;
}

function Tile({ image, isPattern, isOver, isChosen, onChoose }: TileProps) {
  const number = image.index + 1;
  if (image.state === "pending" && !isOver) {
    return (
      <span className={css["place"]} role="img" aria-label={t("tiles.pending", { number })}>
        <Picture src={undefined} alt="" />
      </span>
    );
  }
  if (image.state !== "done") {
    return <span className={cx(css["place"], css["lost"])}>{t(image.state === "failed" ? "tiles.failed" : image.state === "deleted" ? "tiles.deleted" : "tiles.cancelled")}</span>;
  }
  return (
    <button type="button" className={cx(css["place"], css["tile"], isChosen && css["chosen"])} aria-pressed={isChosen} onClick={onChoose} aria-label={t("tiles.image", { number })}>
      <Picture src={image.thumbnail_url} alt="" checks cover={isPattern} />
      {image.refunded ? <span className={css["free"]}>{t("tiles.free")}</span> : null}
    </button>
  );
}
