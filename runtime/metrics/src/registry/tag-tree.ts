import type { Tags } from "../meters/tags.ts";
import type { Series } from "./series.ts";

class Node {
  series: Series | undefined;
  /** The key that came first here; nearly always the only one, since callers name their tags in one order. */
  key: string | undefined;
  readonly values: Map<string, Node> = new Map();
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
      node = key === node.key ? node.values.get(value) : node.others?.get(key)?.get(value);
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
