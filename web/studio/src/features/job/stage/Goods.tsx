import { type ReactNode, useId } from "react";
import { strips } from "@/shared/geometry/repeat";
import { t } from "@/shared/text/text";
import css from "./Goods.module.css";

interface Tile {
  url: string;
  /** Width of one repeat, in centimetres. */
  repeat: number;
  /** Height of the tile divided by its width. */
  ratio: number;
}

/** The tile as a paint, in units of the drawing. `x` and `y` are where one tile begins. */
function Paint({ id, url, repeat, ratio, scale, x = 0, y = 0, transform }: Tile & { id: string; scale: number; x?: number; y?: number; transform?: string }) {
  const width = repeat * scale;
  return (
    <pattern id={id} x={x} y={y} width={width} height={width * ratio} patternUnits="userSpaceOnUse" patternTransform={transform}>
      <image href={url} width={width} height={width * ratio} preserveAspectRatio="none" />
    </pattern>
  );
}

function Drawing({ label, ground, children }: { label: string; ground: "rose" | "sky" | "butter"; children: ReactNode }) {
  return (
    <figure className={css["good"]} data-ground={ground}>
      <svg viewBox="0 0 400 360" role="img" aria-label={label}>
        {children}
      </svg>
      <figcaption>{label}</figcaption>
    </figure>
  );
}

const RADIUS = 88;
const RIM = 15;

/** A mug, 8 cm wide and 9.5 cm high. The print is wrapped around it in strips. */
export function Mug(tile: Tile) {
  const id = useId();
  const scale = (2 * RADIUS) / 8;
  const [left, top, height] = [96, 84, 9.5 * scale];
  const middle = left + RADIUS;
  const body = `M${left} ${top} V${top + height - 14} Q${left} ${top + height} ${left + 16} ${top + height + 4} A${RADIUS - 16} ${RIM} 0 0 0 ${left + 2 * RADIUS - 16} ${top + height + 4} Q${left + 2 * RADIUS} ${top + height} ${left + 2 * RADIUS} ${top + height - 14} V${top} A${RADIUS} ${RIM} 0 0 1 ${left} ${top} Z`;
  return (
    <Drawing label={t("goods.mug")} ground="rose">
      <defs>
        <Paint id={`${id}p`} {...tile} scale={scale} />
        <clipPath id={`${id}b`}>
          <path d={body} />
        </clipPath>
        <linearGradient id={`${id}s`}>
          <stop offset="0" stopColor="#000" stopOpacity="0.34" />
          <stop offset="0.2" stopColor="#000" stopOpacity="0.06" />
          <stop offset="0.34" stopColor="#fff" stopOpacity="0.34" />
          <stop offset="0.48" stopColor="#fff" stopOpacity="0" />
          <stop offset="1" stopColor="#000" stopOpacity="0.4" />
        </linearGradient>
      </defs>
      <ellipse cx={middle + 14} cy={top + height + 12} rx={118} ry={15} className={css["shadow"]} />
      <path d={`M${left + 2 * RADIUS - 6} 128 C ${left + 2 * RADIUS + 84} 112 ${left + 2 * RADIUS + 76} 250 ${left + 2 * RADIUS - 8} 238`} className={css["handle"]} />
      <path d={`M${left + 2 * RADIUS - 6} 128 C ${left + 2 * RADIUS + 84} 112 ${left + 2 * RADIUS + 76} 250 ${left + 2 * RADIUS - 8} 238`} className={css["gleam"]} />
      <path d={body} fill="#fffdf9" />
      <g clipPath={`url(#${id}b)`}>
        {strips(RADIUS, 44).map((strip) => (
          <rect
            key={strip.from}
            x={strip.from}
            y={0}
            width={strip.width + 0.6}
            height={height - 26}
            fill={`url(#${id}p)`}
            transform={`translate(${middle + strip.to} ${top + 10 + RIM * strip.sag}) scale(${strip.seen / strip.width} 1) translate(${-strip.from} 0)`}
          />
        ))}
        <rect x={left} y={top - RIM} width={2 * RADIUS} height={height + 60} fill={`url(#${id}s)`} />
      </g>
      <ellipse cx={middle} cy={top} rx={RADIUS} ry={RIM} fill="#fffdf9" />
      <ellipse cx={middle} cy={top} rx={RADIUS - 5} ry={RIM - 3.5} className={css["inside"]} />
      <ellipse cx={middle} cy={top + 4} rx={RADIUS - 16} ry={RIM - 8} fill="#5b3a29" />
    </Drawing>
  );
}

/** A cushion of 40 cm with piping. */
export function Cushion(tile: Tile) {
  const id = useId();
  const scale = 250 / 40;
  const edge = "M78 62 Q200 84 322 62 Q338 58 334 76 Q314 184 334 292 Q338 310 322 306 Q200 286 78 306 Q62 310 66 292 Q86 184 66 76 Q62 58 78 62 Z";
  return (
    <Drawing label={t("goods.cushion")} ground="sky">
      <defs>
        <Paint id={`${id}p`} {...tile} scale={scale} x={75} y={59} />
        <radialGradient id={`${id}s`} cx="0.42" cy="0.36" r="0.75">
          <stop offset="0" stopColor="#fff" stopOpacity="0.4" />
          <stop offset="0.42" stopColor="#fff" stopOpacity="0" />
          <stop offset="0.75" stopColor="#000" stopOpacity="0.12" />
          <stop offset="1" stopColor="#000" stopOpacity="0.42" />
        </radialGradient>
        <clipPath id={`${id}c`}>
          <path d={edge} />
        </clipPath>
      </defs>
      <ellipse cx={208} cy={310} rx={138} ry={16} className={css["shadow"]} />
      <path d={edge} fill={`url(#${id}p)`} />
      <path d={edge} fill={`url(#${id}s)`} />
      <g clipPath={`url(#${id}c)`} className={css["folds"]}>
        <path d="M64 60 Q108 92 118 132" />
        <path d="M336 60 Q294 94 284 130" />
        <path d="M64 308 Q112 272 122 240" />
        <path d="M336 308 Q290 274 280 242" />
      </g>
      <path d={edge} className={css["piping"]} />
      <path d={edge} className={css["stitch"]} />
    </Drawing>
  );
}

/** A box of 24 cm in wrapping paper, with a ribbon. */
export function Wrapping(tile: Tile) {
  const id = useId();
  const scale = 190 / 24;
  return (
    <Drawing label={t("goods.wrapping")} ground="butter">
      <defs>
        <Paint id={`${id}f`} {...tile} scale={scale} x={86} y={152} />
        <Paint id={`${id}r`} {...tile} scale={scale} transform="translate(276 152) skewY(-28) scale(0.62 1)" />
        <Paint id={`${id}t`} {...tile} scale={scale} transform="matrix(1 0 0.98 -0.52 86 152)" />
        <linearGradient id={`${id}b`} x1="0" x2="1">
          <stop offset="0" stopColor="#d62a6c" />
          <stop offset="0.5" stopColor="#f0588f" />
          <stop offset="1" stopColor="#b01652" />
        </linearGradient>
      </defs>
      <path d="M70 312 L300 316 L366 262 L350 250 Z" className={css["shadow"]} />
      <path d="M86 152 H276 V312 H86 Z" fill={`url(#${id}f)`} />
      <path d="M276 152 L348 113.700 V273.700 L276 312 Z" fill={`url(#${id}r)`} />
      <path d="M86 152 L158.200 113.700 H348 L276 152 Z" fill={`url(#${id}t)`} />
      <path d="M276 152 L348 113.700 V273.700 L276 312 Z" fill="#000" fillOpacity="0.26" />
      <path d="M86 152 L158.200 113.700 H348 L276 152 Z" fill="#fff" fillOpacity="0.22" />
      <path d="M86 152 H276 V312 H86 Z" fill="#000" fillOpacity="0.04" />
      <path d="M168 152 H194 V312 H168 Z" fill={`url(#${id}b)`} />
      <path d="M168 152 L240 113.700 H266 L194 152 Z" fill="#e2407c" />
      <path d="M306 136 L318 129.600 V289.600 L306 296 Z" fill="#97103f" />
      <path d="M122 132.900 L312 132.900 L324 126.500 H134 Z" fill="#c9215f" />
      <g className={css["bow"]}>
        <path d="M216 130 C150 128 130 70 164 62 C196 56 214 96 218 126 Z" fill="#e2407c" />
        <path d="M220 130 C286 128 306 66 270 60 C238 54 222 96 218 126 Z" fill="#c9215f" />
        <path d="M212 130 C170 120 156 86 170 74 C186 72 206 100 214 126 Z" fill="#9b1145" />
        <path d="M224 130 C266 120 280 84 264 72 C248 70 230 100 222 126 Z" fill="#8a0d3c" />
        <path d="M212 132 L176 172 L190 170 L196 184 L222 136 Z" fill="#e2407c" />
        <path d="M224 132 L262 168 L250 170 L244 182 L216 136 Z" fill="#c9215f" />
        <rect x="203" y="112" width="30" height="28" rx="10" fill="#f0588f" />
      </g>
    </Drawing>
  );
}
