import { useState } from "react";
import { useCutFile } from "@/shared/api/cutFile";
import type { Image } from "@/shared/api/jobs";
import { type CutFile, lineColour } from "@/shared/geometry/cutFile";
import { t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { Failed } from "@/shared/ui/Notice";
import { Picture } from "@/shared/ui/Picture";
import { cx } from "@/shared/ui/cx";
import css from "./CutLines.module.css";

const UNDER = ["picture", "layers", "nothing"] as const;
type Under = (typeof UNDER)[number];

interface Props {
  image: Image;
  alt: string;
  /** The lines are mirrored, what is under them is not. */
  isMirrored: boolean;
  /** The class of the ground behind everything. */
  ground: string | undefined;
}

/** The lines that a machine cuts, over the picture or its sticker: each layer in a colour of its own. */
export function CutLines({ image, alt, isMirrored, ground }: Props) {
  const [under, setUnder] = useState<Under>("picture");
  const file = useCutFile(image.files?.["cut.svg"]);
  return (
    <>
      <Choices
        legend={t("cut.under")}
        quiet
        value={under}
        onChoose={setUnder}
        choices={UNDER.map((value) => ({ value, label: t(`cut.under.${value}`) }))}
      />
      <div className={cx(css["ground"], ground)}>
        <div className={css["canvas"]} aria-busy={file.isPending}>
          {under === "picture" ? (
            <Picture src={image.files?.["sticker.png"] ?? image.url} alt={alt} width={image.width} height={image.height} className={css["motif"]} />
          ) : (
            <span className={css["room"]} style={{ aspectRatio: `${image.width} / ${image.height}` }} />
          )}
          {file.data ? <Lines file={file.data} isFilled={under === "layers"} isMirrored={isMirrored} /> : null}
        </div>
      </div>
      {file.error ? <Failed error={file.error} again={() => void file.refetch()} /> : null}
      <ul className={css["legend"]} aria-label={t("cut.layers")}>
        {file.data?.layers.map(({ name, colour, isBorder }, index) => (
          <li key={name} className={css["layer"]}>
            <svg viewBox="0 0 28 28" className={css["sample"]} aria-hidden="true">
              <rect x={4} y={4} width={20} height={20} rx={5} fill={colour} stroke={lineColour(index)} strokeWidth={4} />
            </svg>
            {isBorder ? t("cut.border") : name}
          </li>
        ))}
      </ul>
    </>
  );
}

function Lines({ file, isFilled, isMirrored }: { file: CutFile; isFilled: boolean; isMirrored: boolean }) {
  return (
    <svg viewBox={`0 0 ${file.width} ${file.height}`} preserveAspectRatio="none" role="img" aria-label={t("cut.alt")} className={css["lines"]}>
      <g transform={isMirrored ? `translate(${file.width} 0) scale(-1 1)` : undefined}>
        {isFilled ? file.layers.map(({ name, colour, path }) => <path key={name} d={path} fill={colour} fillRule="evenodd" />) : null}
        {file.layers.map(({ name, path }) => (
          <path key={name} d={path} className={css["casing"]} />
        ))}
        {file.layers.map(({ name, path, isBorder }, index) => (
          <path key={name} d={path} stroke={lineColour(index)} className={cx(css["line"], isBorder && css["border"])} />
        ))}
      </g>
    </svg>
  );
}
