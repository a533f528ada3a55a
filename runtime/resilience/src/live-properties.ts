import type { Config } from "@holdfast/config";
import type { Log } from "@holdfast/kernel";
import { faultOf, type PropertySet, propertyError, windowFaultOf } from "./properties.ts";

export type PropertyKind = "command" | "threadpool" | "collapser";

/**
 * Properties of one key, in Hystrix's four levels: the default in code, the dynamic default
 * (`hystrix.command.default.X`), what the code says for this key, the dynamic property of the key
 * (`hystrix.command.{key}.X`). What comes from configuration and makes no sense is warned of and passed over.
 */
export class LiveProperties<P extends Readonly<PropertySet>> {
  readonly #config: Config;
  readonly #log: Log;
  readonly #kind: PropertyKind;
  readonly #key: string;
  readonly #defaults: P;
  readonly #inCode: Readonly<Partial<PropertySet>>;
  #values: P;

  /** @throws PlatformError `COMMAND_PROPERTY_INVALID` when `inCode` makes no sense, named by its path. */
  constructor(config: Config, log: Log, kind: PropertyKind, key: string, defaults: P, inCode: Partial<PropertySet>) {
    this.#config = config;
    this.#log = log;
    this.#kind = kind;
    this.#key = key;
    this.#defaults = defaults;
    this.#inCode = inCode;
    this.#refuseFaults();
    this.#values = this.#withCode();
    this.refresh();
  }

  get values(): P {
    return this.#values;
  }

  /** Reads the configuration anew. */
  refresh(): void {
    const next: PropertySet = {};
    for (const [name, like] of Object.entries(this.#defaults)) {
      next[name] =
        this.#dynamic(this.#key, name, like) ?? this.#inCode[name] ?? this.#dynamic("default", name, like) ?? like;
    }
    const fault = windowFaultOf(next);
    if (fault !== undefined) {
      this.#warn(`${this.#path(this.#key)}.${fault.name}`, fault.expected, next[fault.name]);
      const buckets = fault.name.replace("timeInMilliseconds", "numBuckets");
      for (const name of [fault.name, buckets]) {
        const kept = this.#values[name];
        if (kept !== undefined) next[name] = kept;
      }
    }
    this.#values = next as P;
  }

  #dynamic(key: string, name: string, like: string | number | boolean): string | number | boolean | undefined {
    const path = `${this.#path(key)}.${name}`;
    const said = this.#config.explain(path).value;
    if (said === undefined) return undefined;
    const value = typeof like === typeof said ? said : this.#config.get(path, like);
    const fault =
      typeof like !== typeof said && String(value) !== String(said) ? `a ${typeof like}` : faultOf(name, value, like);
    if (fault === undefined) return value;
    this.#warn(path, fault, said);
    return this.#values[name];
  }

  #withCode(): P {
    const given = Object.entries(this.#inCode).filter(([, value]) => value !== undefined);
    return { ...this.#defaults, ...Object.fromEntries(given) };
  }

  #refuseFaults(): void {
    for (const [name, value] of Object.entries(this.#inCode)) {
      if (value === undefined) continue;
      const like = this.#defaults[name];
      const expected = like === undefined ? "a property that Hystrix has" : faultOf(name, value, like);
      if (expected !== undefined) throw propertyError(`${this.#path(this.#key)}.${name}`, expected, value);
    }
    const fault = windowFaultOf(this.#withCode());
    if (fault !== undefined) {
      throw propertyError(`${this.#path(this.#key)}.${fault.name}`, fault.expected, this.#inCode[fault.name]);
    }
  }

  #path(key: string): string {
    return `hystrix.${this.#kind}.${key}`;
  }

  #warn(path: string, expected: string, got: unknown): void {
    this.#log.warn("resilience.property-ignored", { path, expected, got });
  }
}
