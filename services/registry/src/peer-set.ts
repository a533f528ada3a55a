import { type Clock, type Log, within } from "@holdfast/kernel";
import type { PeerView, SeenAnswer } from "@holdfast/wire";
import type { PeerReach } from "./expiry-policy.ts";
import type { Replica } from "./lease.ts";
import type { PeerLink } from "./peer-link.ts";

/** A peer that hangs may take so much longer than it was given. */
const seenMarginMs = 250;
/** Peers ping each 2 s: one that has called us and has not done so for three pings cannot reach us. */
const silentMs = 6_000;

/** All links to other registries, and what they add up to. */
export class PeerSet {
  readonly links: readonly PeerLink[];
  readonly #clock: Clock;
  readonly #log: Log;
  /** When each peer that calls us did so last, by name. */
  readonly #heardAtMs = new Map<string, number>();

  /** Since when each peer that is not heard has not been, by name. */
  readonly #unheard = new Map<string, number>();

  constructor(clock: Clock, log: Log, links: readonly PeerLink[]) {
    this.#clock = clock;
    this.#log = log;
    this.links = links;
  }

  /** That peer has called us. */
  heard(name: string): void {
    // Whoever makes names up does not fill the memory.
    if (this.links.some((link) => link.name === name)) this.#heardAtMs.set(name, this.#clock.monotonicMs());
  }

  /** Whether renewals can come to us from each: it answers, and one that used to call us still does. */
  reach(): PeerReach {
    const nowMs = this.#clock.monotonicMs();
    let down = 0;
    for (const link of this.links) {
      const { name } = link;
      const heardAtMs = name === undefined ? undefined : this.#heardAtMs.get(name);
      const isHeard = link.isUp && (heardAtMs === undefined || nowMs - heardAtMs <= silentMs);
      if (!isHeard) down += 1;
      if (name === undefined) continue;
      if (isHeard) this.#unheard.delete(name);
      else if (!this.#unheard.has(name)) this.#unheard.set(name, nowMs);
    }
    const anyPeers = this.links.length > 0;
    return { anyDown: down > 0, allDown: anyPeers && down === this.links.length, anyPeers, unheard: this.#unheard };
  }

  /** Nothing is on its way to any of those that answer. */
  get isQuiet(): boolean {
    return this.links.every((link) => !link.isUp || link.isQuiet);
  }

  /** Changes that wait for peers. */
  get queued(): number {
    return this.links.reduce((sum, link) => sum + link.queued, 0);
  }

  get anyUp(): boolean {
    return this.links.some((link) => link.isUp);
  }

  /** A peer that knows everything has told us, or all have told us what little they know. */
  get haveTold(): boolean {
    return this.links.some((link) => link.isSynced) || this.links.every((link) => link.isUp);
  }

  connect(): void {
    for (const link of this.links) void link.connect();
  }

  tell(replica: Replica): void {
    for (const link of this.links) link.send(replica);
  }

  renewed(key: string): void {
    for (const link of this.links) link.renewed(key);
  }

  /** Everything is to be told again: what was said before was said in another time. */
  resync(): void {
    this.#log.warn("registry.time.rebased", {});
    for (const link of this.links) link.resync();
  }

  /** What the listeners of each have seen of a change, the slow ones bounded. */
  sendAndAwait(replica: Replica, app: string, awaitSeenMs: number): Promise<SeenAnswer[]> {
    const unseen: SeenAnswer = { listeners: 0, seen: 0, complete: false };
    return Promise.all(
      this.links.map((link) => {
        const seen = link.sendAndAwait(replica, app, awaitSeenMs);
        return within(this.#clock, awaitSeenMs + seenMarginMs, link.url, seen).catch(() => unseen);
      }),
    );
  }

  views(): PeerView[] {
    return this.links.map((link) => link.state);
  }

  async close(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close()));
  }
}
