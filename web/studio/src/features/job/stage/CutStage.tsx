import { useState } from "react";
import type { Image } from "@/shared/api/jobs";
import { t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { Picture } from "@/shared/ui/Picture";
import { cx } from "@/shared/ui/cx";
import { CutLines } from "./CutLines";
import css from "./CutStage.module.css";

const GROUNDS = ["checks", "white", "black", "kraft"] as const;
type Ground = (typeof GROUNDS)[number];

interface Props {
  image: Image;
  alt: string;
  what: "picture" | "sticker" | "cut";
  /** The cut files and the sticker are mirrored, the picture is not. */
  isMirrored: boolean;
}

/** A motif on several grounds: as it is, as a sticker with its border, and with the lines of its cut file. */
export function CutStage({ image, alt, what, isMirrored }: Props) {
  const [ground, setGround] = useState<Ground>("checks");
  const sticker = image.files?.["sticker.png"];
  return (
    <div className={css["stage"]}>
      <Choices
        legend={t("cut.ground")}
        quiet
        value={ground}
        onChoose={setGround}
        choices={GROUNDS.map((value) => ({ value, label: <Swatch ground={value} /> }))}
      />
      {what === "cut" ? (
        <CutLines image={image} alt={alt} isMirrored={isMirrored && !sticker} ground={css[ground]} />
      ) : (
        <div className={cx(css["ground"], css[ground])}>
          <Picture key={what} src={what === "sticker" ? sticker : image.url} alt={alt} width={image.width} height={image.height} className={css["motif"]} />
        </div>
      )}
    </div>
  );
}

function Swatch({ ground }: { ground: Ground }) {
  return (
    <>
      <span className={cx(css["swatch"], css[ground])} aria-hidden="true" />
      <span className="unseen">{t(`cut.ground.${ground}`)}</span>
    </>
  );
}
