import { maskedValue } from "@holdfast/config";
import { secretNamePart } from "./secret-names.ts";

/** The signs of a secret: most texts have none, and cost this one look. */
const maybe = new RegExp(`${secretNamePart}|bearer|basic\\s|://|eyJ|-----BEGIN`, "i");

/**
 * A value as it stands in a text: a string of JSON (cut short, perhaps), a string of JSON within JSON, one in single quotes, or
 * one bare word.
 */
const value = String.raw`"(?:[^"\\]|\\[\s\S]?)*(?:"|$)|(\\+)"[\s\S]*?(?:\2"|$)|'[^']*(?:'|$)|[^\s"'&,;}\])]+`;

/** Lengths are bounded, so that no text takes long, whoever wrote it. */
const shapes: readonly (readonly [RegExp, string])[] = [
  // Headers as lines: all that follows, since cookies are many and schemes have parameters.
  [/\b((?:set-)?cookie|(?:proxy-)?authorization)(\s*[=:]\s*)(?!["'\\])[^\r\n]+/gi, `$1$2${maskedValue}`],
  [/\b(bearer|basic)\s+[\w+/=.~-]{4,}/gi, `$1 ${maskedValue}`],
  // `password=…`, `token: …`, `"apiKey":"…"`, `?access_token=…`
  [
    new RegExp(
      String.raw`((?:${secretNamePart})[\w.-]{0,40}\\*["']?\s{0,4}[=:]\s{0,4})(?!\*{4} MASKED)(?:${value})`,
      "gi",
    ),
    `$1${maskedValue}`,
  ],
  // `postgres://user:password@host`
  [/(:\/\/[^\s:@/"'\\]{0,200}:)[^\s@/"'\\]+@/g, `$1${maskedValue}@`],
  // A JSON web token.
  [/\beyJ[\w-]{8,2000}\.[\w-]{8,4000}(?:\.[\w-]{0,2000})?/g, maskedValue],
  [/-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?/g, maskedValue],
];

/** A text in which what looks like a secret is masked: credentials in URLs, `password=…`, headers, tokens, private keys. */
export function maskText(text: string): string {
  if (!maybe.test(text)) return text;
  let masked = text;
  for (const [shape, replacement] of shapes) masked = masked.replace(shape, replacement);
  return masked;
}
