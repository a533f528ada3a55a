import { SeededRandom } from "@holdfast/kernel";
import type { PickRequest, PickServer } from "../../src/pick/picker.ts";

/** A server as a test writes it down. */
export class TestServer implements PickServer {
  readonly id: string;
  readonly zone: string;
  readonly metadata: Readonly<Record<string, string>>;
  outstanding = 0;
  ms = 0;
  share = 1;

  constructor(id: string, zone = "a", metadata: Readonly<Record<string, string>> = {}) {
    this.id = id;
    this.zone = zone;
    this.metadata = metadata;
  }

  ewmaMs(_nowMs: number): number {
    return this.ms;
  }

  averageMs(): number {
    return this.ms;
  }

  weight(_nowMs: number): number {
    return this.share;
  }
}

/** `s-0` and so on, all in zone `a`. */
export function serversOf(count: number): TestServer[] {
  return Array.from({ length: count }, (_, i) => new TestServer(`s-${i}`));
}

/** A request that has tried nothing, unless told. */
export function requestOf(given: Partial<PickRequest> = {}): PickRequest {
  return { hashKey: undefined, stickyTo: undefined, tried: [], nowMs: 0, ...given };
}

/** The same chance for each test. */
export function chance(seed = 1): SeededRandom {
  return new SeededRandom(seed);
}

/** How often each server is named, by id; 0 for those that are not. */
export function countPicks(
  servers: readonly TestServer[],
  count: number,
  pick: () => PickServer | undefined,
): Map<string, number> {
  const counts = new Map(servers.map((server) => [server.id, 0]));
  for (let i = 0; i < count; i++) {
    const id = pick()?.id;
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** The highest count over the mean: 1 is even. */
export function imbalanceOf(counts: ReadonlyMap<string, number>): number {
  const all = [...counts.values()];
  const sum = all.reduce((total, count) => total + count, 0);
  return Math.max(...all) / (sum / all.length);
}
