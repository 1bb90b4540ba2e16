import { type ComponentProps, type CSSProperties, useState } from "react";
import css from "./Picture.module.css";
import { cx } from "./cx";

interface Props extends Omit<ComponentProps<"img">, "src" | "width" | "height"> {
  src: string | undefined;
  alt: string;
  /** Of the picture, in pixels: the room for it is there before it loads. */
  width?: number | undefined;
  height?: number | undefined;
  /** Shows transparency as a checkerboard, behind the pixels of the picture only. */
  checks?: boolean;
  /** Fills the room of its parent instead of its own. */
  fill?: boolean;
  /** Leaves no room at the sides: what does not fit is cut off. For tiles of patterns, which have no middle. */
  cover?: boolean;
}

/** A picture in a room of its own size: a skeleton until it has loaded. */
export function Picture({ src, alt, width = 1, height = 1, checks = false, fill = false, cover = false, className, ...rest }: Props) {
  const [loaded, setLoaded] = useState<{ src: string | undefined; ratio: number }>();
  const isThere = loaded !== undefined && loaded.src === src;
  return (
    <span
      className={cx(css["room"], fill && css["fill"], !isThere && css["waits"], className)}
      style={fill ? undefined : { aspectRatio: `${width} / ${height}` }}
    >
      {src ? (
        <img
          {...rest}
          src={src}
          alt={alt}
          decoding="async"
          className={cx(css["image"], isThere && css["there"], cover && css["cover"], isThere && checks && !cover && css["checks"])}
          style={isThere ? ({ "--ratio": loaded.ratio } as CSSProperties) : undefined}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setLoaded({ src, ratio: naturalWidth / (naturalHeight || 1) || 1 })}
          // A link that has ended: the room stays, and the next read of the job brings another link.
          onError={() => setLoaded(undefined)}
        />
      ) : null}
    </span>
  );
}
