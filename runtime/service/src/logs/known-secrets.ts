import type { Config } from "@holdfast/config";
import { isSecretName } from "./secret-names.ts";
import type { SecretValues } from "./secret-values.ts";

/** Takes as secret what an environment holds under the names of secrets, and the passwords within its URLs. */
export function addSecretsOf(environment: Readonly<Record<string, string | undefined>>, secrets: SecretValues): void {
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (isSecretName(name)) addAll(value, secrets);
    else addPassword(value, secrets);
  }
}

/** Takes as secret what properties hold that are marked so or named so, now and later. Returns the way to stop. */
export function followSecretsOf(config: Config, secrets: SecretValues): () => void {
  const look = (key: string): void => {
    const value = config.effective(key);
    if (value === undefined) return;
    if (isSecretName(key) || config.explain(key).layers.some(({ secret }) => secret === true))
      addAll(String(value), secrets);
    else addPassword(String(value), secrets);
  };
  for (const key of config.keys()) look(key);
  return config.watch(look);
}

/** The value, and what stands in it after `Bearer` or a key, as in `authorization=Bearer abc,x-tenant=7`. */
function addAll(value: string, secrets: SecretValues): void {
  secrets.add(value);
  addPassword(value, secrets);
  for (const [, one = ""] of value.matchAll(/(?:bearer|basic)\s+([^\s,;]+)/gi)) secrets.add(one);
}

function addPassword(value: string, secrets: SecretValues): void {
  if (!value.includes("://") || !URL.canParse(value)) return;
  const { password } = new URL(value);
  secrets.add(password);
  try {
    secrets.add(decodeURIComponent(password));
  } catch {
    // Not written as URLs are: known as it stands.
  }
}
