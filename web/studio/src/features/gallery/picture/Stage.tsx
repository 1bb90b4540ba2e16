import { useState } from "react";
import type { PublishedPicture } from "@/shared/api/gallery";
import { number, t } from "@/shared/text/text";
import { Choices } from "@/shared/ui/Choices";
import { RangeField } from "@/shared/ui/Field";
import { cx } from "@/shared/ui/cx";
import css from "./Stage.module.css";
import { repeatOf } from "./surface";

const GROUNDS = ["checks", "white", "black"] as const;
type Ground = (typeof GROUNDS)[number];
const TILE_PERCENT = 40;

/** A picture as large as its page allows, on the ground that shows it best. */
export function Stage({ picture }: { picture: PublishedPicture }) {
  const repeat = repeatOf(picture);
  if (repeat) return <Repeated picture={picture} repeat={repeat} />;
  return picture.alpha ? <CutOut picture={picture} /> : <Shown picture={picture} ground="white" />;
}

function Shown({ picture, ground }: { picture: PublishedPicture; ground: Ground }) {
  const [loaded, setLoaded] = useState<string>();
  const isThere = loaded === picture.url;
  return (
    <div className={css["stage"]} data-ground={ground}>
      <div className={css["room"]} style={{ "--ratio": picture.width / picture.height } as React.CSSProperties}>
        {/* The small one is there at once. The large one takes its place, since both would show through each other. */}
        <img src={picture.thumbnail_url} alt="" className={cx(css["image"], isThere && css["hidden"])} />
        <img
          src={picture.url}
          alt={picture.title}
          fetchPriority="high"
          className={cx(css["image"], !isThere && css["hidden"])}
          onLoad={() => setLoaded(picture.url)}
        />
      </div>
    </div>
  );
}

function CutOut({ picture }: { picture: PublishedPicture }) {
  const [ground, choose] = useState<Ground>("checks");
  return (
    <div className={css["whole"]}>
      <Shown picture={picture} ground={ground} />
      <Choices
        legend={t("picture.ground")}
        quiet
        value={ground}
        onChoose={choose}
        choices={GROUNDS.map((value) => ({ value, label: t(`picture.ground.${value}`) }))}
      />
    </div>
  );
}

/** A pattern as cloth: its tile side by side, as it is printed. */
function Repeated({ picture, repeat }: { picture: PublishedPicture; repeat: string }) {
  const [percent, setPercent] = useState(TILE_PERCENT);
  return (
    <div className={css["whole"]}>
      <div
        className={css["cloth"]}
        role="img"
        aria-label={picture.title}
        style={{
          backgroundImage: [picture.url, picture.thumbnail_url].map((url) => `url(${JSON.stringify(url)})`).join(", "),
          backgroundRepeat: repeat,
          backgroundSize: `${percent}%`,
        }}
      />
      <RangeField
        label={t("picture.tile")}
        min={10}
        max={100}
        step={5}
        value={percent}
        shown={`${number(percent)} %`}
        onChange={(event) => setPercent(event.target.valueAsNumber)}
      />
    </div>
  );
}
