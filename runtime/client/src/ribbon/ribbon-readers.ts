import type { Value } from "@holdfast/config";
import { hasCode, SeededRandom } from "@holdfast/kernel";
import { pickerNamed } from "../pick/pickers.ts";

/** How the value of a key is read. */
export interface Reader<T> {
  /** What a fit value is, after "must be". */
  readonly expected: string;
  /** `undefined` when it is not fit. Text is read as what it says. */
  read(value: Value): T | undefined;
}

/** A number within bounds; `whole` unless said otherwise. */
export function numberFrom(min: number, max: number, isWhole = true): Reader<number> {
  return {
    expected: `a ${isWhole ? "whole " : ""}number from ${min} to ${max}`,
    read: (value) => {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof number !== "number" || !(number >= min && number <= max)) return undefined;
      return isWhole && !Number.isInteger(number) ? undefined : number;
    },
  };
}

/** Ribbon's `ActiveConnectionsLimit`: its -1 is none; 0 would be a client that calls nobody. */
export const activeLimit: Reader<number> = {
  expected: "-1 (no limit) or a whole number from 1",
  read: (value) => {
    const limit = numberFrom(-1, 1_000_000).read(value);
    return limit === 0 ? undefined : limit;
  },
};

export const flag: Reader<boolean> = {
  expected: "true or false",
  read: (value) => {
    const text = String(value).trim().toLowerCase();
    return text === "true" ? true : text === "false" ? false : undefined;
  },
};

export const text: Reader<string> = {
  expected: "a text that is not empty",
  read: (value) => {
    const trimmed = String(value).trim();
    return trimmed === "" ? undefined : trimmed;
  },
};

/** Names between commas; at least one. */
export const names: Reader<readonly string[]> = {
  expected: "names with commas between them",
  read: (value) => {
    const list = String(value).split(",");
    const trimmed = list.map((name) => name.trim()).filter((name) => name !== "");
    return trimmed.length === 0 ? undefined : trimmed;
  },
};

export const pathText: Reader<string> = {
  expected: "a path that begins with /",
  read: (value) => (/^\/[!-~]*$/.test(String(value)) ? String(value) : undefined),
};

/** One of our pickers, or one of Ribbon's rules. */
export const pickerName: Reader<string> = {
  expected: "the name of a picker or of one of Ribbon's rules",
  read: (value) => {
    const name = String(value).trim();
    try {
      pickerNamed(name, new SeededRandom(1));
      return name;
    } catch (error) {
      if (hasCode(error, "PICKER_UNKNOWN")) return undefined;
      throw error;
    }
  },
};

/** Where a service's servers are looked up. */
export type ServerSource = "registry" | "configured" | "dns";

const sources: ReadonlyMap<string, ServerSource> = new Map<string, ServerSource>([
  ["DiscoveryEnabledNIWSServerList", "registry"],
  ["DomainExtractingServerList", "registry"],
  ["ConfigurationBasedServerList", "configured"],
  ["StaticServerList", "configured"],
  ["registry", "registry"],
  ["configured", "configured"],
  ["dns", "dns"],
]);

/** Ribbon's and Spring's server lists by class, with or without package; or our own words for them. */
export const serverSource: Reader<ServerSource> = {
  expected: `one of ${[...sources.keys()].join(", ")}`,
  read: (value) => sources.get(String(value).trim().split(".").at(-1) ?? ""),
};
