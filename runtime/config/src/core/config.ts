import { type Clock, type Log, messageOf, SystemClock, silentLog } from "@holdfast/kernel";
import { contextual } from "../types/contextual.ts";
import { flag, number, text } from "../types/scalars.ts";
import type { ValueType } from "../types/value-type.ts";
import { CircularReferenceError, interpolate } from "./interpolation.ts";
import { LayeredValues } from "./layered-values.ts";
import { type Entry, type Layer, maskedValue, type Origin, type Value } from "./layers.ts";
import { type Check, type LiveHome, LiveProperty, type Outcome } from "./live-property.ts";
import type { Property, PropertyNode } from "./property.ts";

/** A literal type as its base: a property that starts at 10 may become 20. */
export type Widen<T extends Value> = T extends string ? string : T extends number ? number : boolean;

export interface PropertyOptions<T> {
  /** How values are read. Default: as the fallback is. */
  readonly type: ValueType<T>;
  readonly check?: Check<T>;
}

/** A value that no property wants. */
export interface Refusal {
  readonly layer: Layer;
  readonly value: Value;
  /** `must be a number`, `refers to itself: a → b → a`. */
  readonly why: string;
  readonly atMs: number;
}

export interface Said extends Origin {
  readonly layer: Layer;
  readonly value: Value;
  readonly atMs: number;
}

export interface Explanation {
  readonly key: string;
  readonly layer: Layer;
  /** The effective value, references replaced; masked when it is a secret. */
  readonly value: Value | undefined;
  /** What each source says, as written, strongest first; who said so, and when. */
  readonly layers: readonly Said[];
  /** The strongest value is unfit: why, so that people see what their property really has. */
  readonly refused?: Refusal;
}

export interface ConfigOptions {
  readonly log?: Log;
  readonly clock?: Pick<Clock, "wallMs">;
}

const scalarTypes = { string: text, number, boolean: flag } as const;

/** Layered, typed, dynamic properties in memory. */
export class Config implements LiveHome {
  readonly #values = new LayeredValues();
  readonly #log: Log;
  readonly #clock: Pick<Clock, "wallMs">;
  /** By key, by type, by fallback: asking again, as a request handler may, makes nothing new. */
  readonly #known = new Map<string, Map<ValueType<unknown>, Map<unknown, LiveProperty<unknown>>>>();
  /** Properties whose value depends on the key: its own, and those that refer to it. */
  readonly #users = new Map<string, Set<PropertyNode<unknown>>>();
  readonly #byPrefix = new Map<string, Set<PropertyNode<unknown>>>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #watchers = new Set<(key: string) => void>();

  constructor({ log = silentLog, clock = new SystemClock() }: ConfigOptions = {}) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Sets (or, with `undefined`, removes) a key in one layer and tells the key's subscribers at once. */
  set(layer: Layer, key: string, value: Value | undefined, origin: Origin = {}): void {
    this.#values.set(layer, layer, key, value === undefined ? undefined : this.#entry(value, origin));
    this.#apply([key]);
  }

  /**
   * Makes `entries` all that the source called `name` says in a layer, in one go: subscribers are told when all of it is there.
   * Within a layer a source that came later is stronger.
   */
  replace(layer: Layer, name: string, entries: ReadonlyMap<string, { value: Value; origin?: Origin }>): void {
    const said = new Map<string, Entry>();
    for (const [key, { value, origin }] of entries) said.set(key, this.#entry(value, { source: name, ...origin }));
    this.#apply([...this.#values.replace(layer, name, said)]);
  }

  /**
   * Calls `onSet` with each key that is set or removed, whether or not its effective value changes: for families of keys
   * too many to subscribe to one by one. Returns the way to stop.
   */
  watch(onSet: (key: string) => void): () => void {
    this.#watchers.add(onSet);
    return () => void this.#watchers.delete(onSet);
  }

  /** Takes every `HOLDFAST_X_Y` as key `x.y` into the environment layer, but for the names in `omit`. */
  readEnvironment(
    environment: Readonly<Record<string, string | undefined>>,
    omit: ReadonlySet<string> = new Set(),
  ): void {
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined || !name.startsWith("HOLDFAST_") || omit.has(name)) continue;
      const key = name.slice("HOLDFAST_".length).toLowerCase().replaceAll("_", ".");
      this.set("environment", key, value, { source: name });
    }
  }

  /** The effective value now, or `fallback` when no layer has one of `fallback`'s type. */
  get<T extends Value>(key: string, fallback: T): Widen<T> {
    const type = scalarTypes[typeof fallback as keyof typeof scalarTypes] as ValueType<Value>;
    for (const [, entry] of this.#values.of(key)) {
      const decoded = this.#decoded(key, entry, type, undefined);
      if (!(decoded instanceof Unfit)) return decoded as Widen<T>;
    }
    return fallback as Value as Widen<T>;
  }

  /**
   * The property of that key, type and fallback: the same object each time. With a `check`, or a fallback that is an object, a
   * new one each time: keep it.
   */
  property<T extends Value>(key: string, fallback: T, options?: { check?: Check<Widen<T>> }): Property<Widen<T>>;
  property<T>(key: string, fallback: T, options: PropertyOptions<T>): Property<T>;
  property(
    key: string,
    fallback: unknown,
    options: { readonly type?: ValueType<unknown>; readonly check?: Check<never> } = {},
  ): Property<never> {
    const type: ValueType<unknown> = options.type ?? scalarTypes[typeof fallback as keyof typeof scalarTypes];
    const check = options.check as Check<unknown> | undefined;
    const make = (): LiveProperty<unknown> => new LiveProperty(this, key, fallback, type, check);
    if (check !== undefined || typeof fallback === "object") return make() as Property<unknown> as Property<never>;
    const byType = valueOf(this.#known, key, () => new Map<ValueType<unknown>, Map<unknown, LiveProperty<unknown>>>());
    const byFallback = valueOf(byType, type, () => new Map<unknown, LiveProperty<unknown>>());
    return valueOf(byFallback, fallback, make) as Property<unknown> as Property<never>;
  }

  /** The first of several keys that somebody says something of (Archaius's chained properties). */
  chained<T extends Value>(keys: readonly [string, ...string[]], fallback: T): Property<Widen<T>> {
    const all = keys.map((key) => this.property(key, fallback));
    return all.reduceRight((rest, one) => one.orElse(rest));
  }

  /** A property whose value may depend on where it is read; see `contextual`. */
  contextual<T extends Value>(key: string, fallback: T): Property<Widen<T>> {
    const type = contextualTypes[typeof fallback as keyof typeof contextualTypes] as ValueType<Widen<T>>;
    return this.property(key, fallback as Value as Widen<T>, { type });
  }

  /**
   * An object whose fields are the properties `prefix.field`, each read when it is asked for:
   * `config.view("ratings", { limit: 10, name: "stars" }).limit`.
   */
  view<T extends Readonly<Record<string, Value>>>(
    prefix: string,
    defaults: T,
  ): { readonly [K in keyof T]: Widen<T[K]> } {
    const view = {};
    for (const [field, fallback] of Object.entries(defaults)) {
      const property = this.property(`${prefix}.${field}`, fallback);
      Object.defineProperty(view, field, { enumerable: true, get: () => property.get() });
    }
    return view as { readonly [K in keyof T]: Widen<T[K]> };
  }

  /** The keys that any layer has, each once; with a `prefix` those that begin with `prefix.`. */
  keys(prefix?: string): ReadonlySet<string> {
    const all = this.#values.keys();
    return prefix === undefined ? all : new Set([...all].filter((key) => key.startsWith(`${prefix}.`)));
  }

  /** The effective value of a key as sources wrote it, references replaced. Never for showing: see `explain`. */
  effective(key: string): Value | undefined {
    return this.#read(key, undefined);
  }

  /** The effective value of a key, the layer it comes from, and what every source says, since when, and who said so. */
  explain(key: string): Explanation {
    const layers = [...this.#values.of(key)].map(([layer, { value, origin }]) => ({
      layer,
      value: origin.secret === true ? maskedValue : value,
      ...origin,
    }));
    const isSecret = layers[0]?.secret === true;
    const refused = this.#refusals.get(key);
    return {
      key,
      layer: layers[0]?.layer ?? "default",
      value: isSecret ? maskedValue : this.effective(key),
      layers,
      ...(refused === undefined ? {} : { refused: isSecret ? { ...refused, value: maskedValue } : refused }),
    };
  }

  /** @internal for properties */
  outcome<T>(property: LiveProperty<T>): Outcome<T> {
    const { key, type, check } = property;
    const seen = new Set<string>([key]);
    const onRead = (other: string): void => void seen.add(other);
    let refused = false;
    let result: Outcome<T> = { kind: "unset" };
    for (const [layer, entry] of this.#values.of(key)) {
      const decoded = this.#decoded(key, entry, type, onRead, check);
      if (decoded instanceof Unfit) {
        if (!refused) this.#refuse(key, layer, entry, decoded.why);
        refused = true;
        result = { kind: "refused", weaker: undefined };
        continue;
      }
      result = refused ? { kind: "refused", weaker: decoded } : { kind: "set", value: decoded };
      break;
    }
    if (!refused) this.#refusals.delete(key);
    for (const other of seen) valueOf(this.#users, other, () => new Set()).add(property as PropertyNode<unknown>);
    return result;
  }

  /** @internal for properties */
  failed(what: string, error: unknown): void {
    this.#log.error("config.subscriber.failed", { what, error });
  }

  /** @internal a property that depends on all keys of a prefix */
  addByPrefix(prefix: string, node: PropertyNode<unknown>): void {
    valueOf(this.#byPrefix, prefix, () => new Set()).add(node);
  }

  #decoded<T>(
    key: string,
    { value }: Entry,
    type: ValueType<T>,
    onRead: ((key: string) => void) | undefined,
    check?: Check<T>,
  ): T | Unfit {
    try {
      const read = (other: string): Value | undefined => this.#read(other, onRead);
      const decoded = type.decode(this.#interpolated(key, value, onRead), read);
      if (decoded === undefined) return new Unfit(`must be ${type.expected}`);
      const verdict = check?.(decoded) ?? true;
      return verdict === true ? decoded : new Unfit(verdict);
    } catch (error) {
      return new Unfit(messageOf(error));
    }
  }

  #interpolated(key: string, value: Value, onRead: ((key: string) => void) | undefined): Value {
    if (typeof value !== "string" || !value.includes("${")) return value;
    const read = (other: string): string | undefined => {
      onRead?.(other);
      const said = this.#values.first(other)?.value;
      return said === undefined ? undefined : String(said);
    };
    return interpolate(value, read, [key]);
  }

  #read(key: string, onRead: ((key: string) => void) | undefined): Value | undefined {
    onRead?.(key);
    const entry = this.#values.first(key);
    if (entry === undefined) return undefined;
    try {
      return this.#interpolated(key, entry.value, onRead);
    } catch (error) {
      if (error instanceof CircularReferenceError) return entry.value;
      throw error;
    }
  }

  /** Says so once for each value. */
  #refuse(key: string, layer: Layer, { value, origin }: Entry, why: string): void {
    const known = this.#refusals.get(key);
    if (known?.value === value && known.why === why) return;
    this.#refusals.set(key, { layer, value, why, atMs: this.#clock.wallMs() });
    const shown = origin.secret === true ? maskedValue : value;
    this.#log.warn("config.value.refused", { key, layer, value: shown, why, source: origin.source });
  }

  #entry(value: Value, origin: Origin): Entry {
    return { value, origin: { ...origin, atMs: origin.atMs ?? this.#clock.wallMs() } };
  }

  /** First all values, then all listeners: nobody sees half of a change. */
  #apply(keys: readonly string[]): void {
    const queue = new Set<PropertyNode<unknown>>();
    for (const key of keys) {
      for (const node of this.#users.get(key) ?? []) queue.add(node);
      for (const [prefix, nodes] of this.#byPrefix) {
        if (key.startsWith(prefix)) for (const node of nodes) queue.add(node);
      }
    }
    const changed = new Set<PropertyNode<unknown>>();
    for (const node of queue) {
      if (!node.recompute()) continue;
      changed.add(node);
      for (const derived of node.derived) {
        // Once more, after what it depends on.
        queue.delete(derived);
        queue.add(derived);
      }
    }
    for (const node of changed) node.notify();
    for (const key of keys) for (const watcher of this.#watchers) this.#tell(watcher, key);
  }

  #tell(watcher: (key: string) => void, key: string): void {
    try {
      watcher(key);
    } catch (error) {
      this.failed(`a watcher told of ${key}`, error);
    }
  }
}

const contextualTypes = {
  string: contextual(text),
  number: contextual(number),
  boolean: contextual(flag),
} as const;

class Unfit {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

function valueOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
