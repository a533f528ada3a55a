import { configError } from "../errors.ts";

export type FilterToken = {
  /** Where it begins, from 0. */
  readonly at: number;
  readonly text: string;
  /** `word`: a name or a keyword; `text`: what stood between quotes; `sign`: ( ) = != ; `end`: nothing more. */
  readonly kind: "word" | "text" | "sign" | "end";
};

const filterCharsMax = 8_192;
const pattern = /\s*(?:([A-Za-z_]\w*)|'((?:[^']|'')*)'|(\(|\)|!=|<>|=))/y;

/** @throws PlatformError `CONFIG_FILTER_INVALID` at a character that begins nothing, or beyond 8,192 characters. */
export function filterTokens(filter: string): FilterToken[] {
  if (filter.length > filterCharsMax)
    throw filterError(filterCharsMax, `it is longer than ${filterCharsMax} characters`);
  const tokens: FilterToken[] = [];
  const end = filter.trimEnd().length;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const match = pattern.exec(filter);
    if (match === null) {
      const at = from + (/\S/.exec(filter.slice(from))?.index ?? 0);
      const what = filter[at] === "'" ? "a quote that does not end" : `${JSON.stringify(filter[at])} begins nothing`;
      throw filterError(at, what);
    }
    const [all, word, text, sign] = match;
    const at = from + (/\S/.exec(all)?.index ?? 0);
    if (word !== undefined) tokens.push({ at, text: word, kind: "word" });
    else if (text !== undefined) tokens.push({ at, text: text.replaceAll("''", "'"), kind: "text" });
    else tokens.push({ at, text: sign ?? "", kind: "sign" });
  }
  tokens.push({ at: end, text: "the end", kind: "end" });
  return tokens;
}

/** Positions are told from 1, as people count. */
export function filterError(at: number, what: string): Error {
  return configError("CONFIG_FILTER_INVALID", `filter: at character ${at + 1}: ${what}`, 400, undefined, {
    at: at + 1,
  });
}
