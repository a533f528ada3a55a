import type { Config, Value } from "@holdfast/config";
import { OptionError } from "@holdfast/kernel";
import { valuesAt } from "./config-values.ts";
import { ribbonIdleKeys } from "./ribbon-idle-keys.ts";
import type { Reader } from "./ribbon-readers.ts";
import { pathsOf, type RibbonKeyName, type RibbonValues, ribbonKeyNames, ribbonKeys } from "./ribbon-table.ts";

/** A key that was set and has no effect. */
export interface RibbonRemark {
  readonly key: string;
  /** `unfit`: its value; `unknown`: no such key; `idle`: a key of Ribbon's that changes nothing here. */
  readonly kind: "unfit" | "unknown" | "idle";
  readonly why: string;
}

export interface RibbonRead {
  readonly values: RibbonValues;
  readonly remarks: readonly RibbonRemark[];
}

/**
 * What the configuration says for `client`: `{client}.ribbon.{Key}`, else `ribbon.{Key}`. A value that is not fit is
 * passed over, as if it were not there: a weaker layer's counts, or the key for all. The environment's keys, which are lower case, count too.
 */
export function readRibbonValues(config: Config, client: string): RibbonRead {
  const values: Partial<Record<RibbonKeyName, unknown>> = {};
  const remarks: RibbonRemark[] = [];
  for (const name of ribbonKeyNames) {
    const reader: Reader<unknown> = ribbonKeys[name].reader;
    for (const path of pathsOf(name, client)) {
      for (const said of valuesAt(config, path)) {
        values[name] = reader.read(said);
        if (values[name] !== undefined) break;
        remarks.push({ key: path, kind: "unfit", why: `must be ${reader.expected}, is ${JSON.stringify(said)}` });
      }
      if (values[name] !== undefined) break;
    }
  }
  return { values: values as RibbonValues, remarks: [...remarks, ...remarksOnKeys(config, client)] };
}

/**
 * Values written in code, checked as the configuration's are.
 *
 * @throws OptionError for a value that is not fit and for a key without effect, by `ribbon.{Key}`.
 */
export function checkedRibbonValues(given: Readonly<Record<string, Value | undefined>>): RibbonValues {
  const values: Record<string, unknown> = {};
  for (const [name, said] of Object.entries(given)) {
    if (said === undefined) continue;
    if (!isKeyName(name)) {
      const known = ribbonIdleKeys.get(name) ?? "no key of Ribbon's has this name";
      throw new OptionError(`ribbon.${name}`, `left out (${known})`, said);
    }
    const reader: Reader<unknown> = ribbonKeys[name].reader;
    values[name] = reader.read(said);
    if (values[name] === undefined) throw new OptionError(`ribbon.${name}`, reader.expected, said);
  }
  return values as RibbonValues;
}

function isKeyName(name: string): name is RibbonKeyName {
  return Object.hasOwn(ribbonKeys, name);
}

const spellings: ReadonlyMap<string, string> = new Map(
  [...ribbonKeyNames, ...ribbonIdleKeys.keys()].map((name) => [name.toLowerCase(), name]),
);

function remarksOnKeys(config: Config, client: string): RibbonRemark[] {
  const remarks: RibbonRemark[] = [];
  for (const key of config.keys()) {
    const prefix = [`${client}.ribbon.`, "ribbon."].find((start) => key.startsWith(start));
    if (prefix === undefined) continue;
    const name = key.slice(prefix.length);
    const spelt = spellings.get(name.toLowerCase());
    const isRead = spelt !== undefined && (name === spelt || name === name.toLowerCase());
    const why = isRead ? ribbonIdleKeys.get(spelt) : undefined;
    if (why !== undefined) remarks.push({ key, kind: "idle", why });
    else if (!isRead) {
      const hint = spelt === undefined ? "Ribbon has no such key" : `the key is spelt ${spelt}`;
      remarks.push({ key, kind: "unknown", why: hint });
    } else if (spelt === "listOfServers" && prefix === "ribbon.") {
      remarks.push({ key, kind: "idle", why: "one list cannot be every app's: write <client>.ribbon.listOfServers" });
    }
  }
  return remarks;
}
