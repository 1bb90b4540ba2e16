import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { type Edge, type Frame, LARGEST, moved, roomOf, type Size, withRoom } from "@/shared/geometry/frame";
import { t } from "@/shared/text/text";
import css from "./FrameField.module.css";

interface Props {
  source: Size;
  url: string | undefined;
  frame: Frame;
  onFrame: (frame: Frame) => void;
}

const STEP = 8;
const OUTWARD: Record<Edge, [number, number]> = { left: [-1, 0], right: [1, 0], top: [0, -1], bottom: [0, 1] };
const ARROWS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The source and the frame around it. Its edges and the whole frame are dragged, or moved by the arrow keys. */
export function FrameStage({ source, url, frame, onFrame }: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const drag = useRef<{ what: Edge | "all"; x: number; y: number; frame: Frame; scale: number } | undefined>(undefined);
  const room = roomOf(frame, source);
  const wanted = Math.max(0.35 * Math.max(source.width, source.height), 1.2 * Math.max(...Object.values(room)));
  // While it is dragged, the picture does not change its size under the pointer.
  const [held, hold] = useState<number>();
  const pad = held ?? wanted;
  const box = { x: -pad, y: -pad, width: source.width + 2 * pad, height: source.height + 2 * pad };
  const grip = Math.max(box.width, box.height) / 45;

  const start = (what: Edge | "all") => (event: PointerEvent<SVGElement>) => {
    event.preventDefault();
    event.currentTarget.focus({ preventScroll: true });
    event.currentTarget.setPointerCapture(event.pointerId);
    const scale = box.width / (svg.current?.getBoundingClientRect().width ?? box.width);
    drag.current = { what, x: event.clientX, y: event.clientY, frame, scale };
    hold(pad);
  };
  const move = (event: PointerEvent<SVGElement>) => {
    const now = drag.current;
    if (!now) return;
    const across = (event.clientX - now.x) * now.scale;
    const down = (event.clientY - now.y) * now.scale;
    if (now.what === "all") {
      onFrame(moved(now.frame, source, across, down));
      return;
    }
    const [x, y] = OUTWARD[now.what];
    onFrame(withRoom(now.frame, source, now.what, roomOf(now.frame, source)[now.what] + x * across + y * down));
  };
  const end = () => {
    drag.current = undefined;
    hold(undefined);
  };
  const pointer = (what: Edge | "all") => ({ onPointerDown: start(what), onPointerMove: move, onPointerUp: end, onPointerCancel: end });

  const key = (what: Edge | "all") => (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = event.shiftKey ? 1 : STEP;
    if (what === "all") {
      onFrame(moved(frame, source, arrow[0] * step, arrow[1] * step));
      return;
    }
    const [x, y] = OUTWARD[what];
    onFrame(withRoom(frame, source, what, room[what] + step * (x * arrow[0] + y * arrow[1])));
  };

  const [left, top] = [-frame.left, -frame.top];
  const middles: Record<Edge, [number, number]> = {
    left: [left, top + frame.height / 2],
    right: [left + frame.width, top + frame.height / 2],
    top: [left + frame.width / 2, top],
    bottom: [left + frame.width / 2, top + frame.height],
  };
  return (
    <svg ref={svg} className={css["stage"]} viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`} aria-label={t("frame.stage")} role="group">
      <rect x={left} y={top} width={frame.width} height={frame.height} className={css["canvas"]} />
      {url ? <image href={url} width={source.width} height={source.height} preserveAspectRatio="none" /> : <rect width={source.width} height={source.height} className={css["unseen"]} />}
      <rect
        x={left}
        y={top}
        width={frame.width}
        height={frame.height}
        className={css["outline"]}
        tabIndex={0}
        role="application"
        aria-label={t("frame.move")}
        onKeyDown={key("all")}
        {...pointer("all")}
      />
      {(Object.keys(middles) as Edge[]).map((edge) => (
        <circle
          key={edge}
          cx={middles[edge][0]}
          cy={middles[edge][1]}
          r={grip}
          className={css[edge === "left" || edge === "right" ? "across" : "down"]}
          tabIndex={0}
          role="slider"
          aria-label={t(`frame.${edge}`)}
          aria-orientation={edge === "left" || edge === "right" ? "horizontal" : "vertical"}
          aria-valuemin={0}
          aria-valuemax={LARGEST}
          aria-valuenow={room[edge]}
          aria-valuetext={t("frame.pixels", { count: room[edge] })}
          onKeyDown={key(edge)}
          {...pointer(edge)}
        />
      ))}
    </svg>
  );
}
