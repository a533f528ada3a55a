import type { Meter } from "../meters/meter.ts";
import type { Tags } from "../meters/tags.ts";
import { Series } from "./series.ts";
import { TagTree } from "./tag-tree.ts";

export type MeterKind = abstract new (...args: never[]) => Meter;

const overflowTags: Tags = Object.freeze({ overflow: "true" });

/** All series of one name and one kind of meter. */
export class NameGroup {
  readonly name: string;
  readonly kind: MeterKind;
  /** The series of the same name that are of another kind: patterns have a counter and a gauge under one name. */
  next: NameGroup | undefined;
  readonly #series = new Map<string, Series>();
  readonly #tree = new TagTree();
  /** By the tags object itself. Only frozen ones: another could say something else tomorrow. */
  #frozen = new WeakMap<Tags, Series>();

  constructor(name: string, kind: MeterKind) {
    this.name = name;
    this.kind = kind;
  }

  /** The group of this kind among this and the next; `undefined` when there is none yet. */
  of(kind: MeterKind): NameGroup | undefined {
    return this.kind === kind ? this : this.next?.of(kind);
  }

  has(tags: Tags): boolean {
    return this.#series.has(keyOf(tags));
  }

  /** The kept meter of these tags by the fast ways; `undefined` does not mean that there is none. */
  find(tags: Tags): Meter | undefined {
    return (this.#frozen.get(tags) ?? this.#tree.find(tags))?.meter;
  }

  /** The meter of these tags, made if need be; beyond `seriesMax` that of the overflow. */
  resolve(tags: Tags, seriesMax: number, make: () => Meter): Meter {
    const key = keyOf(tags);
    let series = this.#series.get(key);
    if (series === undefined && this.#series.size >= seriesMax && tags !== overflowTags) {
      // No path is grown to it: the tags of an overflow are without number.
      return this.resolve(overflowTags, seriesMax, make);
    }
    if (series === undefined) {
      series = new Series(this.name, Object.freeze({ ...tags }), make());
      this.#series.set(key, series);
    }
    this.#tree.add(tags, series);
    if (Object.isFrozen(tags)) this.#frozen.set(tags, series);
    return series.keep(make);
  }

  /** Lets go what is not used and drops what is gone; true when nothing is left. */
  sweep(nowMs: number, ttlMs: number): boolean {
    let isSmaller = false;
    for (const [key, series] of this.#series) {
      if (series.look(nowMs, ttlMs)) continue;
      this.#series.delete(key);
      isSmaller = true;
    }
    if (isSmaller) {
      this.#tree.clear();
      this.#frozen = new WeakMap();
    }
    return this.#series.size === 0;
  }

  get series(): Iterable<Series> {
    return this.#series.values();
  }
}

/** The same for the same tags in any order. */
function keyOf(tags: Tags): string {
  let key = "";
  for (const tag of Object.keys(tags).sort()) key += `${tag}\u0001${tags[tag] ?? ""}\u0000`;
  return key;
}
