import type { InstanceRecord } from "@holdfast/wire";
import { isSamePlace } from "./server-record.ts";

const none: readonly InstanceRecord[] = Object.freeze([]);

/**
 * Lists of servers by app that tell only real changes: the same servers in another order are the same list, and what stays
 * keeps its record. Pure.
 */
export class HeldLists {
  readonly #lists = new Map<string, readonly InstanceRecord[]>();
  readonly #listeners = new Set<(apps: ReadonlySet<string>) => void>();

  instances(app: string): readonly InstanceRecord[] {
    return this.#lists.get(app) ?? none;
  }

  apps(): readonly string[] {
    return [...this.#lists.keys()];
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }

  /** Takes the list of `app`; of servers named twice, the first counts. True when it differs from the one before. */
  put(app: string, records: readonly InstanceRecord[]): boolean {
    const old = this.instances(app);
    const known = new Map(old.map((record) => [record.id, record]));
    const next = new Map<string, InstanceRecord>();
    let differs = false;
    for (const record of records) {
      if (next.has(record.id)) continue;
      const before = known.get(record.id);
      const isSame = before !== undefined && isSamePlace(before, record);
      next.set(record.id, isSame ? before : record);
      differs ||= !isSame;
    }
    if (!differs && next.size === old.length) return false;
    if (next.size === 0) this.#lists.delete(app);
    else this.#lists.set(app, [...next.values()]);
    for (const listener of this.#listeners) listener(new Set([app]));
    return true;
  }

  /** Nobody is told anything any more. What is listed stays readable. */
  close(): void {
    this.#listeners.clear();
  }
}
