/** The layers of a cut file in SVG, as the API's files have them: one group with one path for each. */
export interface CutFile {
  width: number;
  height: number;
  layers: Layer[];
}

export interface Layer {
  /** As cutting programs show it, such as "Dark orange #ef7b21". */
  name: string;
  /** `#rrggbb`, of the vinyl or paper. */
  colour: string;
  /** SVG path data in units of the file. */
  path: string;
  /** The line of a sticker around all others. */
  isBorder: boolean;
}

const SIZE = /viewBox="0 0 ([\d.]+) ([\d.]+)"/;
const GROUP = /<g id="([^"]+)"[^>]*inkscape:label="([^"]+)"[^>]*>.*?<path fill="(#[\da-f]{6})"[^>]* d="([^"]+)"/gs;

/** Throws if the text is no cut file. */
export function readCutFile(svg: string): CutFile {
  const [, width, height] = SIZE.exec(svg) ?? [];
  const layers = [...svg.matchAll(GROUP)].map(([, id = "", name = "", colour = "", path = ""]) => ({
    name,
    colour,
    path,
    isBorder: id.startsWith("sticker-border"),
  }));
  if (!width || !height || layers.length === 0) throw new Error("no cut file");
  return { width: Number(width), height: Number(height), layers };
}

const LINES = ["#ff2d87", "#0a9bff", "#ff9500", "#15b85f", "#a855f7", "#e3c000", "#00bcd0", "#ff4b33"];

/** The colour of a layer's line. Neighbours differ, and each is visible on white and on black. */
export function lineColour(index: number): string {
  return LINES[index % LINES.length] ?? "";
}
