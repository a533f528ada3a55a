import { Config, type Property, type Value, type Widen } from "@holdfast/config";

let shared: Config | undefined;

/** The properties of this process: its environment (`HOLDFAST_…`) now, what is set at run time above it. */
export function processConfig(): Config {
  if (shared === undefined) {
    shared = new Config();
    shared.readEnvironment(process.env);
  }
  return shared;
}

/** A dynamic property of this process: `property("ratings.limit", 10).get()`. */
export function property<T extends Value>(key: string, fallback: T): Property<Widen<T>> {
  return processConfig().property(key, fallback);
}
