import { basename, extname } from "node:path";
import type { Config } from "../core/config.ts";
import type { Layer, Origin, Value } from "../core/layers.ts";
import { parseEnvText } from "./env-text.ts";
import { ConfigFileError, fileBytesMax, type ParsedFile } from "./parsed-file.ts";
import { parseProperties } from "./properties-text.ts";
import { parseYaml } from "./yaml-text.ts";

/** Extensions in the order in which they are looked for. */
export const configExtensions = [".properties", ".yaml", ".yml", ".json", ".env"] as const;

/**
 * Reads a configuration file's text by its extension; one called `.env` is a `.env`.
 *
 * @throws ConfigFileError naming file, line and key.
 */
export function parseConfigText(text: string, path: string): ParsedFile {
  const file = basename(path);
  if (text.length > fileBytesMax) throw new ConfigFileError(file, 1, undefined, `is longer than ${fileBytesMax} bytes`);
  const extension = file.startsWith(".env") ? ".env" : extname(file);
  switch (extension) {
    case ".properties":
      return parseProperties(text, file);
    case ".env":
      return parseEnvText(text, file);
    case ".json":
      return parseYaml(text, file, "json");
    case ".yaml":
    case ".yml":
      return parseYaml(text, file);
    default:
      throw new ConfigFileError(file, 1, undefined, `must end in one of ${configExtensions.join(", ")}`);
  }
}

/** Makes the values of a parsed file all that this file says in a layer. */
export function applyParsed(config: Config, layer: Layer, path: string, parsed: ParsedFile): void {
  const file = basename(path);
  const entries = new Map<string, { value: Value; origin: Origin }>();
  for (const [key, { value, line }] of parsed) entries.set(key, { value, origin: { source: `${file}:${line}` } });
  config.replace(layer, path, entries);
}
