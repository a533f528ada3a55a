import type { Tags } from "../meters/tags.ts";
import type { Series } from "./series.ts";

class Node {
  series: Series | undefined;
  /** The key that came first here; nearly always the only one, since callers name their tags in one order. */
  key: string | undefined;
  readonly values: Map<string, Node> = new Map();
  /** The value that was asked for last, and where it leads: methods and statuses are mostly the same as before. */
  lastValue: string | undefined;
  last: Node | undefined;
  others: Map<string, Map<string, Node>> | undefined;

  grow(key: string, value: string): Node {
    this.key ??= key;
    const values = key === this.key ? this.values : this.#valuesOf(key);
    let node = values.get(value);
    if (node === undefined) {
      node = new Node();
      values.set(value, node);
    }
    return node;
  }

  #valuesOf(key: string): Map<string, Node> {
    this.others ??= new Map();
    let values = this.others.get(key);
    if (values === undefined) {
      values = new Map();
      this.others.set(key, values);
    }
    return values;
  }
}

function follow(node: Node, value: string): Node | undefined {
  const next = node.values.get(value);
  if (next === undefined) return undefined;
  node.lastValue = value;
  node.last = next;
  return next;
}

/**
 * Finds a series by its tags without building a key: a map per tag, in the order in which the caller names them. The same
 * tags in another order are another path to the same series.
 */
export class TagTree {
  #root = new Node();

  find(tags: Tags): Series | undefined {
    let node: Node | undefined = this.#root;
    for (const key in tags) {
      const value = tags[key] ?? "";
      if (key !== node.key) node = node.others?.get(key)?.get(value);
      else if (value === node.lastValue) node = node.last;
      else node = follow(node, value);
      if (node === undefined) return undefined;
    }
    return node.series;
  }

  add(tags: Tags, series: Series): void {
    let node = this.#root;
    for (const key in tags) node = node.grow(key, tags[key] ?? "");
    node.series = series;
  }

  /** Forgets all paths; they grow again as they are asked for. */
  clear(): void {
    this.#root = new Node();
  }
}
