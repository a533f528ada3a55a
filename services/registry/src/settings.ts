import { OptionError } from "@holdfast/kernel";
import { Env, type RegistrySettings } from "@holdfast/wire";

/**
 * Reads `HOLDFAST_SETTINGS`; without it, a registry that stands alone.
 *
 * @throws OptionError naming what cannot be used.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): RegistrySettings {
  const text = environment[Env.settings];
  if (text === undefined) return { name: environment[Env.zone] ?? "alone", peers: [] };
  const given: unknown = parse(text);
  if (typeof given !== "object" || given === null) throw new OptionError(Env.settings, "a JSON object", text);
  const name = "name" in given ? given.name : undefined;
  // The name is part of every cursor.
  if (typeof name !== "string" || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new OptionError(`${Env.settings}.name`, "1 to 64 letters, digits, dots, dashes or underscores", name);
  }
  const peers: unknown = "peers" in given ? given.peers : [];
  if (!Array.isArray(peers)) throw new OptionError(`${Env.settings}.peers`, "a list of URLs", peers);
  return { name, peers: peers.map((peer, i) => readUrl(`${Env.settings}.peers.${i}`, peer)) };
}

function readUrl(path: string, value: unknown): string {
  if (typeof value !== "string" || !URL.canParse(value)) throw new OptionError(path, "a URL", value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OptionError(Env.settings, "JSON", text);
  }
}
