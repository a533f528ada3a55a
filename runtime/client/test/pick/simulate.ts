import type { Random } from "@holdfast/kernel";
import { PeakEwma } from "../../src/latency.ts";
import type { Picker, PickServer } from "../../src/pick/picker.ts";
import { requestOf, TestServer } from "./servers.ts";

/** A server that works one call off after the other in parallel slots, and remembers how long its answers took. */
export class SimulatedServer extends TestServer {
  readonly #ewma = new PeakEwma(0);
  /** Mean time of one call, in ms. */
  serviceMs = 5;
  /** When each slot is free again, in ms. */
  readonly slots: number[];
  calls = 0;

  constructor(id: string, slots = 4) {
    super(id);
    this.slots = Array.from({ length: slots }, () => 0);
  }

  override ewmaMs(nowMs: number): number {
    return this.#ewma.valueMs(nowMs);
  }

  override averageMs(): number {
    return this.ms;
  }

  begin(nowMs: number, random: Random): number {
    this.calls += 1;
    this.outstanding += 1;
    const slot = this.slots.indexOf(Math.min(...this.slots));
    const tookMs = -Math.log(1 - random.next()) * this.serviceMs;
    const endMs = Math.max(nowMs, this.slots[slot] ?? 0) + tookMs;
    this.slots[slot] = endMs;
    return endMs;
  }

  end(startedMs: number, nowMs: number): void {
    this.outstanding -= 1;
    this.#ewma.record(nowMs - startedMs, nowMs);
    this.ms = this.ms === 0 ? nowMs - startedMs : this.ms * 0.9 + (nowMs - startedMs) * 0.1;
  }
}

const tickMs = 0.1;

/**
 * Calls arrive by chance, `perMs` of them in a ms, and end when their server has worked them off. Gives the calls of each
 * server by id; of the first tenth nothing is counted.
 */
export function simulate(
  picker: Picker,
  servers: readonly SimulatedServer[],
  calls: number,
  perMs: number,
  random: Random,
): Map<string, number> {
  const ends = new Map<number, (() => void)[]>();
  const arrivals = random.child("arrivals");
  const service = random.child("service");
  let nowMs = 0;
  let tick = 0;
  for (let i = 0; i < calls; i++) {
    nowMs += -Math.log(1 - arrivals.next()) / perMs;
    for (; tick <= nowMs / tickMs; tick++) {
      for (const end of ends.get(tick) ?? []) end();
      ends.delete(tick);
    }
    if (i === Math.floor(calls / 10)) for (const server of servers) server.calls = 0;
    const server = simulated(picker.pick(servers, requestOf({ nowMs })));
    const startedMs = nowMs;
    const endMs = server.begin(nowMs, service);
    const at = Math.max(tick, Math.ceil(endMs / tickMs));
    const list = ends.get(at) ?? [];
    list.push(() => server.end(startedMs, at * tickMs));
    ends.set(at, list);
  }
  return new Map(servers.map((server) => [server.id, server.calls]));
}

function simulated(server: PickServer | undefined): SimulatedServer {
  if (server instanceof SimulatedServer) return server;
  throw new Error("the picker gave no server of its list");
}
