import type { Fields } from "@/shared/form/fields";
import type { FieldSchema } from "@/shared/form/schema";
import { type Edge, type Frame, isSame, LARGEST, readFrame, roomOf, type Size, withAspect, withRoom } from "@/shared/geometry/frame";
import { useSource } from "@/shared/source/source";
import { t } from "@/shared/text/text";
import { NumberField } from "@/shared/ui/Field";
import { useEffect } from "react";
import css from "./FrameField.module.css";
import { FrameStage } from "./FrameStage";

interface Props {
  known: FieldSchema[];
  fields: Fields;
  onFields: (fields: Fields) => void;
  errors: Record<string, string>;
}

const ASPECTS = ["1:1", "4:3", "3:2", "16:9", "3:4", "2:3", "9:16"];
const EDGES: readonly Edge[] = ["left", "right", "top", "bottom"];

/** Takes the room of the frame until the size of the source is known. */
const UNKNOWN: Size = { width: 512, height: 512 };

/** The canvas around the source: a frame to drag, aspect ratios, and the room on each side in pixels. */
export function FrameField({ fields, onFields, errors }: Props) {
  const source = useSource(fields["source"]);
  if (!source || source.isGone) return <p className={css["hint"]}>{t("frame.first")}</p>;
  const { width, height } = source;
  if (!width || !height) {
    return (
      <div inert aria-busy="true" className={css["waits"]}>
        <Framed source={UNKNOWN} url={undefined} fields={{}} onFields={() => undefined} error={undefined} />
      </div>
    );
  }
  return (
    <Framed
      source={{ width, height }}
      url={source.thumbnail}
      fields={fields}
      onFields={onFields}
      error={["width", "height", "aspect", "left", "top"].map((name) => errors[name]).find(Boolean)}
    />
  );
}

interface FramedProps {
  source: Size;
  url: string | undefined;
  fields: Fields;
  onFields: (fields: Fields) => void;
  error: string | undefined;
}

function Framed({ source, url, fields, onFields, error }: FramedProps) {
  const frame = readFrame(fields, source);
  const room = roomOf(frame, source);
  const set = (next: Frame) => onFields({ ...next, aspect: undefined, anchor: undefined });
  const isUnset = ["width", "height", "left", "top"].some((name) => fields[name] !== frame[name as keyof Frame]);
  useEffect(() => {
    // What is shown is what is sent, also where the fields say less.
    if (isUnset) set(frame);
  });
  const ratio = ASPECTS.find((aspect) => {
    const [across = 1, down = 1] = aspect.split(":").map(Number);
    const same = withAspect(source, across, down);
    return same?.width === frame.width && same.height === frame.height;
  });
  return (
    <fieldset className={css["frame"]}>
      <legend className={css["legend"]}>{t("frame.legend")}</legend>
      <FrameStage source={source} url={url} frame={frame} onFrame={set} />
      <div className={css["aspects"]} role="group" aria-label={t("frame.aspects")}>
        {ASPECTS.map((aspect) => {
          const [across = 1, down = 1] = aspect.split(":").map(Number);
          const next = withAspect(source, across, down);
          return (
            <button
              key={aspect}
              type="button"
              className={css["aspect"]}
              aria-pressed={aspect === ratio}
              disabled={!next || isSame(next, source)}
              onClick={() => next && set(next)}
            >
              <span className={css["shape"]} data-wide={across > down} style={{ aspectRatio: `${across} / ${down}` }} aria-hidden="true">
                {url && next ? (
                  <img src={url} alt="" style={{ inlineSize: `${(100 * source.width) / next.width}%`, blockSize: `${(100 * source.height) / next.height}%` }} />
                ) : null}
              </span>
              {aspect}
            </button>
          );
        })}
      </div>
      <div className={css["numbers"]}>
        {EDGES.map((edge) => (
          <NumberField
            key={edge}
            label={t(`frame.${edge}`)}
            unit="px"
            min={0}
            max={LARGEST}
            step={1}
            value={room[edge]}
            onValue={(pixels) => set(withRoom(frame, source, edge, pixels ?? 0))}
          />
        ))}
      </div>
      <p className={css["hint"]}>{t("frame.result", { width: frame.width, height: frame.height })}</p>
      {error ? <p className={css["error"]}>{error}</p> : null}
    </fieldset>
  );
}
