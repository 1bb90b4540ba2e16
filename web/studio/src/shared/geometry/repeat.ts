/** A pattern on real things: lengths in centimetres, turned into shares and pixels of what is shown. */
export type Unit = "cm" | "inch";

const CM_PER_INCH = 2.54;

export function toUnit(cm: number, unit: Unit): number {
  return unit === "cm" ? cm : cm / CM_PER_INCH;
}

export function toCm(length: number, unit: Unit): number {
  return unit === "cm" ? length : length * CM_PER_INCH;
}

/** Repeats that a sheet can have, in centimetres: those of the API. */
export const REPEAT_CM = { least: 1, most: 42 };

/** The marks of a ruler along a surface: whole units, and which of them have numbers. */
export function ruler(surfaceCm: number, unit: Unit): { share: number; label: string | undefined }[] {
  const length = toUnit(surfaceCm, unit);
  const every = unit === "cm" ? 5 : 2;
  return Array.from({ length: Math.floor(length) + 1 }, (_, mark) => ({
    share: mark / length,
    label: mark % every === 0 ? String(mark) : undefined,
  }));
}

/** A strip of a picture that is laid around a cylinder: where it comes from and where it is seen. */
export interface Strip {
  /** Left edge and width on the unrolled picture, from the middle of the cylinder's front. */
  from: number;
  width: number;
  /** Left edge and width as seen from the front. */
  to: number;
  seen: number;
  /** How far the strip is lowered by the curve of the rim, as a share of the rim's depth. */
  sag: number;
}

/** Cuts the front of a cylinder of this radius into strips, which are narrower at the sides. */
export function strips(radius: number, count: number): Strip[] {
  const angle = (index: number) => (-0.5 + index / count) * Math.PI;
  return Array.from({ length: count }, (_, index) => {
    const [start, end] = [angle(index), angle(index + 1)];
    const to = radius * Math.sin(start);
    return {
      from: radius * start,
      width: radius * (end - start),
      to,
      seen: radius * Math.sin(end) - to,
      sag: Math.cos((start + end) / 2),
    };
  });
}
