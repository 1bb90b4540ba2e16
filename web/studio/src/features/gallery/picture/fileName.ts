const LONGEST = 60;

/** A name for the file of a picture that each system takes: the letters and digits of its title. */
export function fileName(title: string): string {
  const words = title.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return `${words.join("-").slice(0, LONGEST).replace(/-$/, "") || "picture"}.png`;
}
