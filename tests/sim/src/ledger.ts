import type { Owner } from "./owner.ts";
import type { RegistryLife, RegistryNode } from "./registry-node.ts";
import type { Handled } from "./sim-transport.ts";
import type { Onlooker } from "./world.ts";

/** What a registry said yes to, in one life of it. */
export interface Accepted {
  readonly incarnation: number;
  /** True time, and the registry's own monotonic time. */
  readonly atMs: number;
  readonly monotonicMs: number;
  /** True time since when it has been hearing of it without a gap. */
  readonly sinceMs: number;
}

/** What happened to one instance, as somebody saw who was everywhere. */
export interface Entry {
  readonly key: string;
  readonly owners: Owner[];
  /** When any registry last took a registration or a renewal of it. */
  takenAtMs: number;
  /** When any registry last took a registration or a change of it. */
  registeredAtMs: number;
  /** When it was first taken out by its own word since then, if it was. */
  removedAtMs: number | undefined;
  /** Names of the registries that took that word, in their present lives. */
  readonly removers: Set<string>;
  /** No start up to this one may ever be seen again. */
  endedIncarnation: number;
  /** By registry, what each took last in its present life. */
  readonly accepted: Map<RegistryNode, Accepted>;
}

/** A heartbeat, and a half. */
const gapMs = 5_000;
const leaseMs = 9_000;

/** The truth about every instance. */
export class Ledger implements Onlooker {
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  entry(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  onOwner(owner: Owner): void {
    const { key } = owner.identity;
    const known = this.#entries.get(key);
    if (known !== undefined) return void known.owners.push(owner);
    this.#entries.set(key, {
      key,
      owners: [owner],
      takenAtMs: Number.NEGATIVE_INFINITY,
      registeredAtMs: Number.NEGATIVE_INFINITY,
      removedAtMs: undefined,
      removers: new Set(),
      endedIncarnation: Number.NEGATIVE_INFINITY,
      accepted: new Map(),
    });
  }

  onLife(node: RegistryNode, _life: RegistryLife): void {
    for (const { accepted, removers } of this.#entries.values()) {
      accepted.delete(node);
      removers.delete(node.name);
    }
  }

  onHandled(owner: Owner, { at, method, status, body }: Handled): void {
    const entry = this.#entries.get(owner.identity.key);
    if (entry === undefined || status < 200 || status > 299 || method === "GET") return;
    const nowMs = this.#nowMs();
    if (method === "DELETE") {
      // What an earlier process said, and arrives late, is not the word of the one that is there now.
      if (entry.owners.at(-1) !== owner) return entry.accepted.clear();
      entry.removedAtMs ??= nowMs;
      entry.removers.add(at.name);
      if (owner.identity.kind === "native")
        entry.endedIncarnation = Math.max(entry.endedIncarnation, owner.incarnation);
      entry.accepted.clear();
      return;
    }
    const isRenewal = method === "POST" ? owner.identity.kind === "native" : owner.identity.kind === "eureka";
    entry.takenAtMs = nowMs;
    if (!isRenewal) {
      entry.registeredAtMs = nowMs;
      entry.removedAtMs = undefined;
      entry.removers.clear();
    }
    // What a process said before it was told to stop is void, and so is what comes of it late.
    if (owner.incarnation <= entry.endedIncarnation || !owner.isRunning) return;
    const incarnation = owner.identity.kind === "native" ? incarnationIn(body, owner) : owner.incarnation;
    const before = entry.accepted.get(at);
    const sinceMs = before === undefined || nowMs - before.atMs > gapMs ? nowMs : before.sinceMs;
    entry.accepted.set(at, { incarnation, atMs: nowMs, monotonicMs: at.machine.monotonicMs(), sinceMs });
  }
}

/** For a whole lease one registry has been hearing of it, heartbeat after heartbeat, and still does. */
export function isRenewing({ accepted }: Entry, nowMs: number): boolean {
  for (const { atMs, sinceMs } of accepted.values()) {
    if (nowMs - atMs < gapMs && nowMs - sinceMs > leaseMs) return true;
  }
  return false;
}

function incarnationIn(body: string | undefined, owner: Owner): number {
  const match = /"incarnation":(\d+)/.exec(body ?? "");
  return match?.[1] === undefined ? owner.incarnation : Number(match[1]);
}
