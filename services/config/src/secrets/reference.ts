import { configError } from "../errors.ts";

/** Where a value names a secret: `secret('DB_PASSWORD')`, alone or within a longer text. */
const reference = /secret\(\s*(?:'([^']*)'|"([^"]*)")\s*\)/g;
const namePattern = /^[A-Za-z][\w.-]{0,127}$/;

/** The secrets that a value names, each once. */
export function secretsIn(value: string): string[] {
  // Most values name none.
  if (!value.includes("secret(")) return [];
  return [...new Set(Array.from(value.matchAll(reference), (match) => match[1] ?? match[2] ?? ""))];
}

/** The value with each reference replaced by what `open` says. */
export function withSecrets(value: string, open: (name: string) => string): string {
  return value.replaceAll(reference, (_all, single?: string, double?: string) => open(single ?? double ?? ""));
}

/** @throws PlatformError `SECRET_INVALID`. */
export function checkSecretName(name: string): void {
  if (namePattern.test(name)) return;
  throw configError(
    "SECRET_INVALID",
    `${JSON.stringify(name.slice(0, 140))}: cannot name a secret`,
    400,
    "letters, digits, _ . and -, a letter first, 128 at most",
  );
}
