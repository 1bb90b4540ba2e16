/** The frame of an outpaint: a canvas around a source. All lengths are whole pixels of the source. */
export interface Size {
  width: number;
  height: number;
}

/** The canvas, and the distance of the source from its left and top edges. */
export interface Frame extends Size {
  left: number;
  top: number;
}

export type Edge = "left" | "right" | "top" | "bottom";

/** How far the canvas goes beyond the source on each side. */
export type Room = Record<Edge, number>;

export const LARGEST = 2048;

export function roomOf(frame: Frame, source: Size): Room {
  return {
    left: frame.left,
    right: frame.width - source.width - frame.left,
    top: frame.top,
    bottom: frame.height - source.height - frame.top,
  };
}

export function frameOf(room: Room, source: Size): Frame {
  return {
    width: source.width + room.left + room.right,
    height: source.height + room.top + room.bottom,
    left: room.left,
    top: room.top,
  };
}

/** The frame with another room on one side, as far as a canvas may go. The other sides stay where they are. */
export function withRoom(frame: Frame, source: Size, edge: Edge, pixels: number): Frame {
  const room = roomOf(frame, source);
  const isAcross = edge === "left" || edge === "right";
  const rest = isAcross ? frame.width - room[edge] : frame.height - room[edge];
  return frameOf({ ...room, [edge]: between(pixels, 0, Math.max(0, LARGEST - rest)) }, source);
}

/** The same canvas, moved: the source stays within it. */
export function moved(frame: Frame, source: Size, across: number, down: number): Frame {
  return {
    ...frame,
    left: between(frame.left - across, 0, frame.width - source.width),
    top: between(frame.top - down, 0, frame.height - source.height),
  };
}

/** Where the source lies on the result of a request, and how large it is, as shares of the result. */
export function placeOfSource(request: Record<string, unknown>, source: Size): { left: number; top: number; across: number; down: number } {
  const { width, height, left, top } = readFrame(request, source);
  return { left: left / width, top: top / height, across: source.width / width, down: source.height / height };
}

/** The smallest canvas with this aspect ratio that has the source in its middle. `undefined` if it would be too large. */
export function withAspect(source: Size, across: number, down: number): Frame | undefined {
  const scale = Math.max(source.width / across, source.height / down);
  const size = { width: Math.round(scale * across), height: Math.round(scale * down) };
  if (Math.max(size.width, size.height) > LARGEST) return undefined;
  return centred(size, source);
}

/** A canvas of this size with the source in its middle. */
export function centred(size: Size, source: Size): Frame {
  const width = between(size.width, source.width, LARGEST);
  const height = between(size.height, source.height, LARGEST);
  return {
    width,
    height,
    left: Math.floor((width - source.width) / 2),
    top: Math.floor((height - source.height) / 2),
  };
}

/** The frame that a request's fields describe; a quarter more on each side if they describe none. */
export function readFrame(fields: Record<string, unknown>, source: Size): Frame {
  const { aspect } = fields;
  if (typeof aspect === "string") {
    const [across = 1, down = 1] = aspect.split(":").map(Number);
    const found = withAspect(source, across, down);
    if (found) return anchored(found, source, fields["anchor"]);
  }
  const isSet = ["width", "height"].some((name) => typeof fields[name] === "number");
  const size = {
    width: numberOr(fields["width"], isSet ? source.width : Math.round(source.width * 1.5)),
    height: numberOr(fields["height"], isSet ? source.height : Math.round(source.height * 1.5)),
  };
  const frame = anchored(centred(size, source), source, fields["anchor"]);
  return {
    ...frame,
    left: between(numberOr(fields["left"], frame.left), 0, frame.width - source.width),
    top: between(numberOr(fields["top"], frame.top), 0, frame.height - source.height),
  };
}

/** The canvas with the source at the side or in the corner that an anchor names, such as `top-left`. */
function anchored(frame: Frame, source: Size, anchor: unknown): Frame {
  const sides = typeof anchor === "string" ? anchor.split("-") : [];
  const at = (first: string, last: string, middle: number, room: number) => (sides.includes(first) ? 0 : sides.includes(last) ? room : middle);
  return {
    ...frame,
    left: at("left", "right", frame.left, frame.width - source.width),
    top: at("top", "bottom", frame.top, frame.height - source.height),
  };
}

/** Whether the canvas has nothing that the source has not. The API refuses such a request. */
export function isSame(frame: Frame, source: Size): boolean {
  return frame.width === source.width && frame.height === source.height;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.round(value) : otherwise;
}

function between(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), Math.max(least, most)));
}
