/** Where a value can come from, strongest first. */
export const layers = ["runtime", "environment", "application", "default"] as const;
export type Layer = (typeof layers)[number];

export type Value = string | number | boolean;
/** A literal type as its base: a property that starts at 10 may become 20. */
export type Widen<T extends Value> = T extends string ? string : T extends number ? number : boolean;

/** A typed value that can change while the program runs. `get` is a field read. */
export interface Property<T> {
  get(): T;
  /** Calls `onChange` with each new effective value; returns the way to stop. */
  subscribe(onChange: (value: T) => void): () => void;
}

export interface Explanation {
  readonly key: string;
  readonly layer: Layer;
  readonly value: Value | undefined;
  /** What each layer says, strongest first. */
  readonly layers: readonly { readonly layer: Layer; readonly value: Value }[];
}

/** Layered, typed, dynamic properties in memory. */
export class Config {
  readonly #layers = new Map<Layer, Map<string, Value>>(layers.map((layer) => [layer, new Map()]));
  /** By key, then by fallback: asking again, as a request handler may, makes nothing new. */
  readonly #properties = new Map<string, Map<Value, LiveProperty<Value>>>();
  readonly #watchers = new Set<(key: string) => void>();

  /** Sets (or, with `undefined`, removes) a key in one layer and tells the key's subscribers at once. */
  set(layer: Layer, key: string, value: Value | undefined): void {
    const values = this.#layers.get(layer);
    if (value === undefined) values?.delete(key);
    else values?.set(key, value);
    for (const property of this.#properties.get(key)?.values() ?? []) property.refresh();
    for (const watcher of this.#watchers) watcher(key);
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
      this.set("environment", name.slice("HOLDFAST_".length).toLowerCase().replaceAll("_", "."), value);
    }
  }

  /** The effective value, or `fallback` when no layer has one of `fallback`'s type. */
  get<T extends Value>(key: string, fallback: T): Widen<T> {
    for (const layer of layers) {
      const value = coerce(this.#layers.get(layer)?.get(key), fallback);
      if (value !== undefined) return value as Widen<T>;
    }
    return fallback as Value as Widen<T>;
  }

  /** The property of that key and fallback; the same object each time. Keep it where calls are many. */
  property<T extends Value>(key: string, fallback: T): Property<Widen<T>> {
    const ofKey = this.#properties.get(key) ?? new Map<Value, LiveProperty<Value>>();
    this.#properties.set(key, ofKey);
    const property = ofKey.get(fallback) ?? new LiveProperty<Value>(() => this.get(key, fallback));
    ofKey.set(fallback, property);
    return property as unknown as Property<Widen<T>>;
  }

  /** The keys that any layer has, each once. */
  keys(): ReadonlySet<string> {
    return new Set([...this.#layers.values()].flatMap((values) => [...values.keys()]));
  }

  /** The effective value of a key, the layer it comes from, and what every layer says. */
  explain(key: string): Explanation {
    const said = layers.flatMap((layer) => {
      const value = this.#layers.get(layer)?.get(key);
      return value === undefined ? [] : [{ layer, value }];
    });
    return { key, layer: said[0]?.layer ?? "default", value: said[0]?.value, layers: said };
  }
}

class LiveProperty<T extends Value> implements Property<T> {
  readonly #read: () => T;
  readonly #listeners = new Set<(value: T) => void>();
  #value: T;

  constructor(read: () => T) {
    this.#read = read;
    this.#value = read();
  }

  get(): T {
    return this.#value;
  }

  subscribe(onChange: (value: T) => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }

  refresh(): void {
    const value = this.#read();
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }
}

/** `value` as the type of `like`; `undefined` when it cannot be one. A wrong type never replaces a good value. */
function coerce(value: Value | undefined, like: Value): Value | undefined {
  if (value === undefined || typeof value === typeof like) return value;
  if (typeof like === "string") return String(value);
  if (typeof like === "boolean") return value === "true" ? true : value === "false" ? false : undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}
