import type { Log } from "@holdfast/kernel";
import type { DnsAsking, DnsName } from "./dns-name.ts";
import type { DnsNames } from "./dns-names.ts";
import { DnsQuestion } from "./dns-question.ts";
import type { DnsService } from "./dns-resolver.ts";
import type { HeldLists } from "./held-lists.ts";
import { recordOfPlace, type ServerPlace } from "./server-record.ts";

/** Where DNS has the servers of one app: all addresses of some names with one port, or an SRV record with ports of its own. */
export type DnsSource = { readonly names: readonly string[]; readonly port: number } | { readonly srv: string };

/** Of the weight of the heaviest: what a target of weight 0 gets (RFC 2782: "a very small chance"). */
const weightLeast = 0.01;

/** What {@link DnsServers.explain} says of one app. */
export interface DnsAppReport {
  readonly app: string;
  /** Servers listed now. */
  readonly servers: number;
  /** Why the list may be out of date, a sentence for each cause; empty when all is well. */
  readonly problems: readonly string[];
  /** How long this has been so, in ms. */
  readonly doubtfulForMs: number;
  readonly names: readonly {
    readonly name: string;
    readonly addresses: readonly string[];
    readonly nextInMs: number;
  }[];
}

interface DnsAppParts {
  readonly asking: DnsAsking;
  readonly names: DnsNames;
  readonly lists: HeldLists;
  readonly zoneOf: (address: string) => string | undefined;
  readonly log: Log;
}

/** The servers of one app, made of the answers of its names. */
export class DnsApp {
  readonly #app: string;
  readonly #source: DnsSource;
  readonly #parts: DnsAppParts;
  readonly #srv: DnsQuestion<DnsService> | undefined;
  readonly #names = new Map<string, DnsName>();
  readonly #onSettled: () => void;
  readonly #onName = (): void => this.#update();
  #problems: readonly string[] = [];
  /** Monotonic. */
  #doubtfulSinceMs = 0;

  constructor(app: string, source: DnsSource, parts: DnsAppParts, onSettled: () => void) {
    this.#app = app;
    this.#source = source;
    this.#parts = parts;
    this.#onSettled = onSettled;
    this.#srv = "srv" in source ? this.#srvQuestion(source.srv) : undefined;
  }

  /** Everything was looked up once. */
  get settled(): boolean {
    return (this.#srv === undefined || this.#srv.ended > 0) && this.#names.values().every((name) => name.settled);
  }

  start(): void {
    this.#srv?.start();
    if ("names" in this.#source) this.#watch(this.#source.names);
    this.#update();
  }

  close(): void {
    this.#srv?.close();
  }

  report(): DnsAppReport {
    const nowMs = this.#parts.asking.clock.monotonicMs();
    return {
      app: this.#app,
      servers: this.#parts.lists.instances(this.#app).length,
      problems: this.#problems,
      doubtfulForMs: this.#problems.length === 0 ? 0 : nowMs - this.#doubtfulSinceMs,
      names: Array.from(this.#names.values(), (name) => ({
        name: name.name,
        addresses: name.addresses(),
        nextInMs: Math.max(0, (name.nextAtMs() ?? nowMs) - nowMs),
      })),
    };
  }

  #srvQuestion(name: string): DnsQuestion<DnsService> {
    const { clock, random, timing, resolver: newResolver } = this.#parts.asking;
    const resolver = newResolver();
    const ask = async (): Promise<{ records: DnsService[]; ttlMs: undefined }> => {
      const found = await resolver.resolveSrv(name);
      // A target of "." says that there is no such service.
      return { records: found.filter((target) => target.name !== "" && target.name !== "."), ttlMs: undefined };
    };
    const onEnd = (): void => {
      this.#watch((this.#srv?.records ?? []).map((target) => target.name));
      this.#update();
    };
    return new DnsQuestion(clock, random, timing, `${name} SRV`, ask, () => resolver.cancel?.(), onEnd);
  }

  /** New names first, so that one that stays under another spelling is not asked for anew. */
  #watch(names: readonly string[]): void {
    const left = new Map(this.#names);
    this.#names.clear();
    for (const name of names) this.#names.set(name, this.#parts.names.watch(name, this.#onName));
    const kept = new Set(this.#names.values());
    for (const name of left.values()) if (!kept.has(name)) this.#parts.names.leave(name, this.#onName);
  }

  #update(): void {
    if (!this.settled && this.#names.size === 0) return;
    const places = this.#places();
    if (places === undefined) return;
    const { lists } = this.#parts;
    if (places.length > 0) {
      lists.put(
        this.#app,
        places.map((place) => recordOfPlace(this.#app, "dns", place)),
      );
    }
    this.#say(places.length === 0);
    this.#onSettled();
  }

  /** `undefined` while too little is known to say. */
  #places(): ServerPlace[] | undefined {
    if ("names" in this.#source) {
      const { names, port } = this.#source;
      const places = names.flatMap((name) => this.#placesAt(name, port, 1));
      return places.length === 0 && !this.settled ? undefined : places;
    }
    const targets = this.#srv?.records ?? [];
    // A target of a later priority is for when none of an earlier one is there.
    for (const priority of new Set(targets.map((target) => target.priority).toSorted((a, b) => a - b))) {
      const group = targets.filter((target) => target.priority === priority);
      const heaviest = Math.max(1, ...group.map(({ weight }) => weight));
      const areEqual = group.every(({ weight }) => weight === group[0]?.weight);
      const places = group.flatMap(({ name, port, weight }) =>
        this.#placesAt(name, port, areEqual ? 1 : Math.max(weightLeast, weight / heaviest)),
      );
      if (places.length > 0) return places;
      if (group.some(({ name }) => this.#names.get(name)?.settled !== true)) return undefined;
    }
    return [];
  }

  #placesAt(name: string, port: number, weight: number): ServerPlace[] {
    const addresses = this.#names.get(name)?.addresses() ?? [];
    return addresses.map((address) => ({ address, port, weight, zone: this.#zoneOf(address) }));
  }

  #zoneOf(address: string): string | undefined {
    try {
      return this.#parts.zoneOf(address);
    } catch {
      return undefined;
    }
  }

  /** Once when something goes wrong, once when all is well again. */
  #say(isEmpty: boolean): void {
    const { asking, lists, log } = this.#parts;
    const problems = [this.#srv?.problem ?? [], ...Array.from(this.#names.values(), (name) => name.problems())].flat();
    const servers = lists.instances(this.#app).length;
    if (isEmpty && problems.length === 0) {
      const asked = "srv" in this.#source ? this.#source.srv : this.#source.names.join(", ");
      problems.push(`${asked}: DNS has no address${servers === 0 ? "" : `, the last ${servers} known are kept`}`);
    }
    const wasWell = this.#problems.length === 0;
    this.#problems = problems;
    if (wasWell && problems.length > 0) {
      this.#doubtfulSinceMs = asking.clock.monotonicMs();
      log.warn("dns.servers.doubtful", { problems, servers });
    } else if (!wasWell && problems.length === 0) {
      log.info("dns.servers.known", { servers, doubtfulForMs: asking.clock.monotonicMs() - this.#doubtfulSinceMs });
    }
  }
}
