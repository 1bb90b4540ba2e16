import { useState } from "react";
import type { Image, Job } from "@/shared/api/jobs";
import { REPEAT_CM, ruler, toCm, toUnit, type Unit } from "@/shared/geometry/repeat";
import { number, t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { RangeField } from "@/shared/ui/Field";
import { Picture } from "@/shared/ui/Picture";
import { Cushion, Mug, Wrapping } from "./Goods";
import css from "./PatternStage.module.css";

const SURFACE_CM = 40;

/** A pattern as it repeats: on a surface with a ruler, on goods, and as one tile. One slider sets its scale. */
export function PatternStage({ job, image, alt, view }: { job: Job; image: Image; alt: string; view: "surface" | "goods" | "tile" }) {
  const sheet = (job.request["sheet"] ?? {}) as { repeat?: number | null; unit?: Unit };
  const [unit, setUnit] = useState<Unit>(sheet.unit ?? "cm");
  const [repeat, setRepeat] = useState(() => toCm(sheet.repeat ?? (sheet.unit === "inch" ? 2 : 5), sheet.unit ?? "cm"));
  const tile = { url: image.url ?? "", repeat, ratio: (image.height ?? 1) / (image.width ?? 1) };
  const length = (cm: number) => `${number(toUnit(cm, unit), 1)} ${t(`value.unit.${unit}`)}`;
  return (
    <div className={css["stage"]}>
      {view === "tile" ? null : (
        <div className={css["options"]}>
          <RangeField
            label={t("pattern.repeat")}
            min={toUnit(REPEAT_CM.least, unit)}
            max={toUnit(REPEAT_CM.most, unit)}
            step={unit === "cm" ? 0.5 : 0.25}
            value={toUnit(repeat, unit)}
            shown={length(repeat)}
            onChange={(event) => setRepeat(toCm(event.target.valueAsNumber, unit))}
          />
          <Choices
            legend={t("field.sheet.unit")}
            quiet
            value={unit}
            onChoose={setUnit}
            choices={[
              { value: "cm", label: t("value.unit.cm") },
              { value: "inch", label: t("value.unit.inch") },
            ]}
          />
        </div>
      )}
      {view === "surface" ? <Surface tile={tile} unit={unit} alt={alt} direction={String(job.request["repeat"] ?? "")} /> : null}
      {view === "goods" ? (
        <div className={css["goods"]}>
          <Mug {...tile} />
          <Cushion {...tile} />
          <Wrapping {...tile} />
        </div>
      ) : null}
      {view === "tile" ? (
        <div className={css["tile"]}>
          <Picture src={image.url} alt={alt} width={image.width} height={image.height} checks />
        </div>
      ) : null}
    </div>
  );
}

interface SurfaceProps {
  tile: { url: string; repeat: number; ratio: number };
  unit: Unit;
  alt: string;
  /** `x` and `y` patterns repeat in one direction only. */
  direction: string;
}

function Surface({ tile, unit, alt, direction }: SurfaceProps) {
  const repeats = direction === "x" ? "repeat-x" : direction === "y" ? "repeat-y" : "repeat";
  return (
    <div className={css["surface"]}>
      <div
        className={css["cloth"]}
        role="img"
        aria-label={alt}
        style={{
          backgroundImage: `url("${tile.url}")`,
          backgroundSize: `${(100 * tile.repeat) / SURFACE_CM}% auto`,
          backgroundRepeat: repeats,
        }}
      />
      <svg className={css["ruler"]} viewBox="0 0 1000 34" preserveAspectRatio="none" aria-hidden="true">
        {ruler(SURFACE_CM, unit).map(({ share, label }) => (
          <line key={share} x1={share * 1000} x2={share * 1000} y1={0} y2={label ? 16 : 8} />
        ))}
      </svg>
      <div className={css["numbers"]} aria-hidden="true">
        {ruler(SURFACE_CM, unit)
          .filter(({ label }) => label)
          .map(({ share, label }) => (
            <span key={share} style={{ insetInlineStart: `${share * 100}%` }}>
              {label}
            </span>
          ))}
      </div>
    </div>
  );
}
