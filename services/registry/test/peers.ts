import assert from "node:assert/strict";
import { type Clock, type Random, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { Registry } from "../src/registry.ts";
import type { ReplicateAnswer, ReplicateCall } from "../src/replicate-call.ts";

export const names = ["a", "b", "c"] as const;
export type Name = (typeof names)[number];

/** Three registries on one fake clock and a network that delays, reorders, loses and parts. */
export class Peers {
  readonly clock = new FakeClock();
  readonly registries = new Map<string, Registry>();
  readonly #random: Random;
  readonly #cuts = new Set<string>();
  /** Share of calls of which either the request or the answer is lost. */
  loss = 0;
  /** Calls to these take so many ms more, each way. */
  readonly slow = new Map<string, number>();
  /** Of all calls so far. */
  mostReplicasInACall = 0;
  readonly #skewsMs: Partial<Record<Name, number>>;

  /** `skewsMs`: by how much the wall clocks are wrong. */
  constructor(seed: number, skewsMs: Partial<Record<Name, number>> = {}) {
    this.#random = new SeededRandom(seed);
    this.#skewsMs = skewsMs;
    for (const name of names) this.restart(name);
  }

  async start(): Promise<void> {
    for (const registry of this.registries.values()) void registry.start();
    await this.clock.advance(3_000);
  }

  restart(name: Name): Registry {
    const peers = names.filter((other) => other !== name);
    const random = this.#random.child(name);
    const reach = (to: string): ReplicateCall => this.#reach(name, to);
    const clock = skewed(this.clock, this.#skewsMs[name] ?? 0);
    const registry = new Registry(clock, random, silentLog, { name, peers }, undefined, reach);
    this.registries.set(name, registry);
    return registry;
  }

  get(name: Name): Registry {
    const registry = this.registries.get(name);
    assert.ok(registry);
    return registry;
  }

  cut(from: Name, to: Name): void {
    this.#cuts.add(`${from}${to}`).add(`${to}${from}`);
  }

  /** Everything, or one direction. */
  heal(from?: Name, to?: Name): void {
    if (from !== undefined) return void this.#cuts.delete(`${from}${to}`);
    this.#cuts.clear();
    this.loss = 0;
  }

  view(name: Name): string[] {
    const records = this.get(name).records();
    return records.map((record) => `${record.id} ${record.version} ${record.status}`).sort();
  }

  async close(): Promise<void> {
    this.heal();
    const closing = Promise.all([...this.registries.values()].map((registry) => registry.close()));
    await this.clock.advance(5_000);
    await closing;
  }

  #reach(from: string, to: string): ReplicateCall {
    return async (body, timeoutMs): Promise<ReplicateAnswer> => {
      const lost = async (): Promise<never> => {
        await this.clock.sleep(timeoutMs);
        throw new Error("no answer");
      };
      const isLost = (): boolean => this.#cuts.has(`${from}${to}`) || this.#random.next() < this.loss;
      const sent = structuredClone(body);
      this.mostReplicasInACall = Math.max(this.mostReplicasInACall, body.replicas.length);
      await this.clock.sleep(1 + this.#random.below(100) + (this.slow.get(to) ?? 0));
      if (isLost()) return lost();
      const answer = structuredClone(await this.get(to as Name).replicate(sent));
      await this.clock.sleep(1 + this.#random.below(100) + (this.slow.get(to) ?? 0));
      return isLost() ? lost() : answer;
    };
  }
}

/** `clock` with another wall. */
function skewed(clock: FakeClock, ms: number): Clock {
  return {
    wallMs: () => clock.wallMs() + ms,
    monotonicMs: () => clock.monotonicMs(),
    sleep: (forMs, signal) => clock.sleep(forMs, signal),
    after: (afterMs, callback) => clock.after(afterMs, callback),
    every: (everyMs, callback) => clock.every(everyMs, callback),
  };
}
