/** What the API says in English sentences, in the maker's language. */
import { type Key, sentence, t } from "./text";

/** Sentences that makers meet, and the texts for them. What is in brackets is put into the text. */
const SAID: readonly (readonly [RegExp, Key])[] = [
  [/^it may not show what was asked for/i, "said.unknown"],
  [/^it may not show (?<what>.+)$/i, "said.missing"],
  [/^its seam is visible$/i, "said.seam"],
  [/^it is (?:one flat colour|almost blank)$|^almost nothing is visible$/i, "said.blank"],
  [/^(?:almost )?nothing stands out from the background$/i, "said.background"],
  [/^the object fills the image/i, "said.fills"],
  [/^the object extends beyond the image$/i, "said.beyond"],
  [/^the background is not cleared/i, "said.remains"],
  [/^the object consists of (?<count>\d+) pieces$/i, "said.pieces"],
  [/^the edge of the object is too soft/i, "said.soft"],
  [/^string should have at most (?<count>\d+) character/i, "said.long"],
  [/^string should have at least (?<count>\d+) character/i, "said.short"],
  [/^input should be less than or equal to (?<count>[-\d.]+)$/i, "said.most"],
  [/^input should be greater than or equal to (?<count>[-\d.]+)$/i, "said.least"],
  [/^input should be greater than (?<count>[-\d.]+)$/i, "said.more"],
  [/^input should be a valid (?:integer|number)/i, "said.number"],
  [/^.+ is outside the range of (?<least>[-\d.]+) to (?<most>.+)$/i, "said.range"],
  [/^field required$/i, "form.required"],
];

/** A sentence of the API in the maker's language; in English where there is no text for it. */
export function saidInWords(said: string): string {
  for (const [pattern, key] of SAID) {
    const found = pattern.exec(said);
    if (found) return t(key, { ...found.groups });
  }
  return sentence(said);
}
