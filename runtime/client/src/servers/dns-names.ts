import { type DnsAsking, DnsName } from "./dns-name.ts";

/** The names that are looked up: each once, for all apps that want it, and no longer than one of them does. */
export class DnsNames {
  readonly #asking: DnsAsking;
  readonly #names = new Map<string, DnsName>();

  constructor(asking: DnsAsking) {
    this.#asking = asking;
  }

  /** `listener` is called after each lookup of the name. The same listener counts once. */
  watch(name: string, listener: () => void): DnsName {
    const key = keyOf(name);
    const known = this.#names.get(key);
    if (known !== undefined) {
      known.listeners.add(listener);
      return known;
    }
    const made = new DnsName(key, this.#asking);
    made.listeners.add(listener);
    this.#names.set(key, made);
    made.start();
    return made;
  }

  leave(name: DnsName, listener: () => void): void {
    name.listeners.delete(listener);
    if (name.listeners.size > 0) return;
    name.close();
    this.#names.delete(name.name);
  }

  close(): void {
    for (const name of this.#names.values()) name.close();
    this.#names.clear();
  }
}

/** Case and a dot at the end make no other name. */
function keyOf(name: string): string {
  return (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
}
