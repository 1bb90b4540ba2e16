/**
 * Links to files that stay the same while they are valid.
 *
 * The API signs its links anew with each answer. A browser takes another link for another picture, and loads it again.
 * So the first link of each file is kept, until shortly before it ends.
 */
const MARGIN_MS = 5 * 60_000;

/** How often links are read again, so that those which are shown have not ended. */
export const RENEW_MS = 20 * 60_000;

interface Kept {
  url: string;
  until: number;
}

/** When a signed link ends, in milliseconds since 1970. Infinity for links that are not signed. */
export function endOf(url: string): number {
  const query = new URL(url, "http://localhost").searchParams;
  const expires = Number(query.get("Expires") ?? Number.NaN);
  if (!Number.isNaN(expires)) return expires * 1000;
  const signed = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "");
  const seconds = Number(query.get("X-Amz-Expires") ?? Number.NaN);
  if (!signed || Number.isNaN(seconds)) return Number.POSITIVE_INFINITY;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = signed.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) + seconds * 1000;
}

export class Links {
  readonly #kept = new Map<string, Kept>();

  /** The link to show for the file that `key` names, given the newest one. */
  keep(key: string, url: string, now = Date.now()): string {
    const kept = this.#kept.get(key);
    if (kept && kept.until - MARGIN_MS > now && samePath(kept.url, url)) return kept.url;
    this.#kept.set(key, { url, until: endOf(url) });
    return url;
  }

  /** Milliseconds until the first of these links must be read again. */
  static pause(urls: readonly string[], now = Date.now()): number {
    return Math.max(1000, Math.min(...urls.map(endOf)) - MARGIN_MS - now);
  }
}

function samePath(one: string, other: string): boolean {
  return one.split("?")[0] === other.split("?")[0];
}

export const links = new Links();
