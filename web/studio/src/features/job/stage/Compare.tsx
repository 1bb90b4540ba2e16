import { type CSSProperties, useState } from "react";
import type { Image, Job } from "@/shared/api/jobs";
import { placeOfSource } from "@/shared/geometry/frame";
import type { SourceView } from "@/shared/source/source";
import { t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { SelectField } from "@/shared/ui/Field";
import { Picture } from "@/shared/ui/Picture";
import css from "./Compare.module.css";

interface Props {
  job: Job;
  image: Image;
  source: SourceView | undefined;
  others: Image[];
  alt: string;
}

/** The image and its source, or another image of the job: under a slider, or side by side. */
export function Compare({ job, image, source, others, alt }: Props) {
  const [way, setWay] = useState<"slider" | "beside">("slider");
  const hasSource = source?.url !== undefined;
  const [withWhat, setWithWhat] = useState(hasSource ? "source" : String(others[0]?.index));
  const other = others.find((one) => String(one.index) === withWhat);
  const name = t("tiles.image", { number: image.index + 1 });
  const before: Before =
    withWhat === "source" && hasSource
      ? { url: source.url, width: source.width, height: source.height, name: t("compare.source"), style: sourceStyle(job, source) }
      : { url: other?.url, width: other?.width, height: other?.height, name: t("tiles.image", { number: (other?.index ?? 0) + 1 }) };
  return (
    <div className={css["compare"]}>
      <div className={css["options"]}>
        <Choices
          legend={t("compare.way")}
          quiet
          value={way}
          onChoose={setWay}
          choices={[
            { value: "slider", label: t("compare.slider") },
            { value: "beside", label: t("compare.beside") },
          ]}
        />
        <SelectField label={t("compare.with")} value={withWhat} onChange={(event) => setWithWhat(event.target.value)}>
          {hasSource ? <option value="source">{t("compare.source")}</option> : null}
          {others.map((one) => (
            <option key={one.index} value={one.index}>
              {t("tiles.image", { number: one.index + 1 })}
            </option>
          ))}
        </SelectField>
      </div>
      {way === "beside" ? (
        <div className={css["beside"]}>
          <figure>
            <Picture src={before.url} alt={before.name} width={before.width} height={before.height} checks />
            <figcaption>{before.name}</figcaption>
          </figure>
          <figure>
            <Picture src={image.url} alt={alt} width={image.width} height={image.height} checks />
            <figcaption>{name}</figcaption>
          </figure>
        </div>
      ) : (
        <Slider before={before} image={image} alt={alt} name={name} />
      )}
    </div>
  );
}

interface Before {
  url: string | undefined;
  width: number | undefined;
  height: number | undefined;
  name: string;
  /** Where it is on the image, if it is only a part of it. */
  style?: CSSProperties | undefined;
}

/** The place of the source on an extended picture, so that what was there before lies on itself. */
function sourceStyle(job: Job, { width, height }: SourceView): CSSProperties | undefined {
  if (job.tool !== "outpaint" || !width || !height) return undefined;
  const { left, top, across, down } = placeOfSource(job.request, { width, height });
  return { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * across}%`, height: `${100 * down}%` };
}

function Slider({ before, image, alt, name }: { before: Before; image: Image; alt: string; name: string }) {
  const [place, setPlace] = useState(50);
  return (
    <div className={css["slider"]} style={{ aspectRatio: `${image.width ?? 1} / ${image.height ?? 1}` }}>
      <Picture src={image.url} alt={alt} fill checks />
      <div className={css["over"]} style={{ clipPath: `inset(0 ${100 - place}% 0 0)` }}>
        <span className={css["before"]} style={before.style}>
          <Picture src={before.url} alt={before.name} fill checks />
        </span>
      </div>
      <span className={css["name"]} aria-hidden="true">
        {before.name}
      </span>
      <span className={css["name"]} aria-hidden="true">
        {name}
      </span>
      <span className={css["line"]} style={{ insetInlineStart: `${place}%` }} aria-hidden="true" />
      <input
        type="range"
        className={css["range"]}
        min={0}
        max={100}
        value={place}
        aria-label={t("compare.label")}
        onChange={(event) => setPlace(event.target.valueAsNumber)}
      />
    </div>
  );
}
