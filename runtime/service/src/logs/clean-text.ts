import { maskText } from "./secret-text.ts";
import type { SecretValues } from "./secret-values.ts";

/** Facts, not payloads: longer texts are cut. */
const charactersMax = 8_192;
const marginCharacters = 1_024;

/** A text as a line may show it: secrets masked, and cut when it is long. */
export function cleanText(text: string, secrets: SecretValues): string {
  if (text.length <= charactersMax) return maskText(secrets.mask(text));
  // A secret that the cut would leave the first half of is still seen whole.
  const start = maskText(secrets.mask(text.slice(0, charactersMax + marginCharacters)));
  return `${start.slice(0, charactersMax)}… (${text.length} characters)`;
}
