/** Letters, digits, dots and underscores, for a character class: what application and stack are made of. */
export const nameChars = "a-zA-Z0-9._";

/** What a detail is made of, for a character class: also hyphens, `~` and `^`. */
export const nameHyphenChars = `-${nameChars}~^`;

/** A version: `v` and three to six digits. */
export const pushFormat = "v[0-9]{3,6}";

/** Java's `.` matches none of these, so no pattern of Frigga that says "anything" goes past one. */
const lineBreak = /[\n\r\u0085\u2028\u2029]/;

export function hasLineBreak(text: string): boolean {
  return lineBreak.test(text);
}
