import { Config, type Property, type Value, type Widen } from "@holdfast/config";
import { Env } from "@holdfast/wire";

let shared: Config | undefined;

/** What tells a process who it is (its token too) is no property of the application. */
const identityNames: ReadonlySet<string> = new Set(Object.values(Env));

/** The properties of this process: its environment (`HOLDFAST_…`) now, what is set at run time above it. */
export function processConfig(): Config {
  if (shared === undefined) {
    shared = new Config();
    shared.readEnvironment(process.env, identityNames);
  }
  return shared;
}

/** A dynamic property of this process: `property("ratings.limit", 10).get()`. */
export function property<T extends Value>(key: string, fallback: T): Property<Widen<T>> {
  return processConfig().property(key, fallback);
}
