import { useState } from "react";
import type { Image } from "@/shared/api/jobs";
import { t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { Picture } from "@/shared/ui/Picture";
import { cx } from "@/shared/ui/cx";
import css from "./CutStage.module.css";

type Ground = "checks" | "white" | "black" | "kraft";
const GROUNDS: readonly Ground[] = ["checks", "white", "black", "kraft"];

/** A motif on several grounds, as a sticker with its border, and as its cut file on a cutting mat. */
export function CutStage({ image, alt, what }: { image: Image; alt: string; what: "picture" | "sticker" | "cut" }) {
  const [ground, setGround] = useState<Ground>("checks");
  const url = { picture: image.url, sticker: image.files?.["sticker.png"], cut: image.files?.["cut.svg"] }[what];
  return (
    <div className={css["stage"]}>
      {what === "cut" ? null : (
        <Choices
          legend={t("cut.ground")}
          quiet
          value={ground}
          onChoose={setGround}
          choices={GROUNDS.map((value) => ({ value, label: <Swatch ground={value} /> }))}
        />
      )}
      <div className={cx(css["ground"], css[what === "cut" ? "mat" : ground])}>
        <Picture
          key={what}
          src={url}
          alt={what === "cut" ? t("cut.alt") : alt}
          width={image.width}
          height={image.height}
          className={cx(css["motif"], what === "cut" && css["lines"])}
        />
      </div>
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
