import { type Entry, type Layer, layers } from "./layers.ts";

/** The values of one source: a file, the environment, the server. */
interface Source {
  readonly name: string;
  readonly entries: Map<string, Entry>;
}

/** All that all sources say, by layer; within a layer a source that came later is stronger. */
export class LayeredValues {
  readonly #byLayer = new Map<Layer, Source[]>(layers.map((layer) => [layer, []]));

  /** Sets or removes one key; true when something is different now. */
  set(layer: Layer, name: string, key: string, entry: Entry | undefined): boolean {
    const { entries } = this.#source(layer, name);
    const before = entries.get(key);
    if (entry === undefined) return entries.delete(key);
    entries.set(key, entry);
    return before?.value !== entry.value;
  }

  /** Makes `entries` all that the source says; gives the keys it said or says now. */
  replace(layer: Layer, name: string, entries: ReadonlyMap<string, Entry>): ReadonlySet<string> {
    const source = this.#source(layer, name);
    const touched = new Set<string>();
    for (const key of source.entries.keys()) if (!entries.has(key)) touched.add(key);
    for (const [key, entry] of entries) {
      const before = source.entries.get(key);
      if (before?.value !== entry.value || before.origin.trial !== entry.origin.trial) touched.add(key);
    }
    source.entries.clear();
    for (const [key, entry] of entries) source.entries.set(key, entry);
    return touched;
  }

  /** What is said of a key, strongest first. */
  *of(key: string): Generator<readonly [Layer, Entry]> {
    for (const layer of layers) {
      const sources = this.#byLayer.get(layer) ?? [];
      for (let i = sources.length - 1; i >= 0; i--) {
        const entry = sources[i]?.entries.get(key);
        if (entry !== undefined) yield [layer, entry];
      }
    }
  }

  first(key: string): Entry | undefined {
    for (const layer of layers) {
      const sources = this.#byLayer.get(layer) ?? [];
      for (let i = sources.length - 1; i >= 0; i--) {
        const entry = sources[i]?.entries.get(key);
        if (entry !== undefined) return entry;
      }
    }
    return undefined;
  }

  keys(): ReadonlySet<string> {
    const all = new Set<string>();
    for (const sources of this.#byLayer.values()) {
      for (const { entries } of sources) for (const key of entries.keys()) all.add(key);
    }
    return all;
  }

  #source(layer: Layer, name: string): Source {
    const sources = this.#byLayer.get(layer) ?? [];
    const known = sources.find((source) => source.name === name);
    if (known !== undefined) return known;
    const made = { name, entries: new Map<string, Entry>() };
    sources.push(made);
    return made;
  }
}
