import { useState } from "react";
import type { Image } from "@/shared/api/jobs";
import type { SourceView } from "@/shared/source/source";
import { t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { SelectField } from "@/shared/ui/Field";
import { Picture } from "@/shared/ui/Picture";
import css from "./Compare.module.css";

interface Props {
  image: Image;
  source: SourceView | undefined;
  others: Image[];
  alt: string;
}

/** The image and its source, or another image of the job: under a slider, or side by side. */
export function Compare({ image, source, others, alt }: Props) {
  const [way, setWay] = useState<"slider" | "beside">("slider");
  const hasSource = source?.url !== undefined;
  const [withWhat, setWithWhat] = useState(hasSource ? "source" : String(others[0]?.index));
  const other = others.find((one) => String(one.index) === withWhat);
  const before =
    withWhat === "source" && hasSource
      ? { url: source.url, width: source.width, height: source.height, name: t("compare.source") }
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
            <figcaption>{t("tiles.image", { number: image.index + 1 })}</figcaption>
          </figure>
        </div>
      ) : (
        <Slider before={before} image={image} alt={alt} />
      )}
    </div>
  );
}

function Slider({ before, image, alt }: { before: { url: string | undefined; name: string }; image: Image; alt: string }) {
  const [place, setPlace] = useState(50);
  return (
    <div className={css["slider"]} style={{ aspectRatio: `${image.width ?? 1} / ${image.height ?? 1}` }}>
      <Picture src={image.url} alt={alt} fill checks />
      <div className={css["over"]} style={{ clipPath: `inset(0 ${100 - place}% 0 0)` }}>
        <Picture src={before.url} alt={before.name} fill checks />
      </div>
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
