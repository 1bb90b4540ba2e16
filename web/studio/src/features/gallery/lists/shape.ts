/** The rooms and grounds of pictures on a wall. */

const STOCKS = ["mint", "butter", "rose", "sky", "lilac", "peach"] as const;
export type Stock = (typeof STOCKS)[number];

/** The side of a square as a fraction of the longer one, down to which a picture may be cropped to a square. */
const CROPPED = 0.75;

/** Whether a picture fills a square. Others are shown whole, like a print on a mat. */
export function fillsSquare({ width, height, alpha }: { width: number; height: number; alpha: boolean }): boolean {
  return !alpha && Math.min(width, height) >= CROPPED * Math.max(width, height);
}

/** The card stock under a motif with transparency: always the same one for a picture. */
export function stockOf(pictureId: string): Stock {
  let sum = 0;
  for (const sign of pictureId) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 65_521;
  return STOCKS[sum % STOCKS.length] ?? "mint";
}
