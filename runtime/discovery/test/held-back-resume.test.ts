import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { encodeSse, type InstanceRecord } from "@holdfast/wire";
import { Discovery } from "../src/discovery.ts";
import type { StreamEvents } from "../src/stream-call.ts";
import { recordOf } from "./fake-registry.ts";

/** One registry with lives, and a listener of it. */
class YoungRegistry {
  readonly clock = new FakeClock();
  readonly discovery: Discovery;
  #current: StreamEvents | undefined;
  #life = "";
  #whole: string | undefined;

  constructor() {
    const transport = {
      call: () => Promise.reject(new Error("not asked for here")),
      close: () => {},
      open: ({ headers }: { headers: Readonly<Record<string, string>> }, events: StreamEvents) => {
        queueMicrotask(() => this.#open(headers["last-event-id"], events));
        return { destroy: () => {} };
      },
    };
    const options = { registries: ["http://a"], kind: "native", transport } as const;
    this.discovery = new Discovery(this.clock, new SeededRandom(1), silentLog, options);
  }

  get seen(): string[] {
    return this.discovery
      .instances("catalog")
      .map(({ id }) => id)
      .sort();
  }

  /** From now on it is this life of it that answers, naming so many. */
  live(epoch: number, instances: readonly InstanceRecord[], ageMs: number): void {
    this.#life = `a:${epoch}:`;
    const data = JSON.stringify({ cursor: `${this.#life}1`, listener: "l", instances, ageMs });
    this.#whole = encodeSse({ event: "snapshot", id: `${this.#life}1`, data });
  }

  /** Its stream ends, … */
  breaks(): void {
    this.#current?.onClose();
  }

  /** … and nobody answers. */
  dies(): void {
    this.#whole = undefined;
    this.breaks();
  }

  tells(upserts: readonly InstanceRecord[]): void {
    this.#current?.onText(this.#delta(upserts));
  }

  #open(cursor: string | undefined, events: StreamEvents): void {
    if (this.#whole === undefined) return events.onClose(new Error("refused"));
    this.#current = events;
    events.onHead(200, "text/event-stream");
    events.onText(cursor?.startsWith(this.#life) === true ? this.#delta([]) : this.#whole);
  }

  #delta(upserts: readonly InstanceRecord[]): string {
    const data = JSON.stringify({ cursor: `${this.#life}2`, upserts, removals: [], listener: "l" });
    return encodeSse({ event: "delta", data });
  }
}

const [stays, goes] = [recordOf("i-1"), recordOf("i-2")];

test("what a young registry did not name is gone in the end, also when the look that was planned for it failed", async () => {
  const registry = new YoungRegistry();
  const { clock, discovery } = registry;
  registry.live(1_000, [stays, goes], 3_600_000);
  discovery.start();
  await clock.advance(100);
  assert.deepEqual(registry.seen, ["i-1", "i-2"]);

  // It restarts, and has not heard of everybody yet.
  registry.live(2_000, [stays], 1_000);
  registry.breaks();
  await clock.advance(500);
  assert.deepEqual(registry.seen, ["i-1", "i-2"]);
  // When i-2 is due nobody can be reached.
  registry.dies();
  await clock.advance(15_000);
  registry.live(2_000, [stays], 17_000);
  await clock.advance(5_000);

  assert.equal(discovery.state.kind, "live");
  assert.deepEqual(registry.seen, ["i-1"]);
  await discovery.stop();
});

test("an instance that came back after one restart of its registry is held back anew at the next", async () => {
  const registry = new YoungRegistry();
  const { clock, discovery } = registry;
  registry.live(1_000, [stays, goes], 3_600_000);
  discovery.start();
  await clock.advance(100);
  registry.live(2_000, [stays], 1_000);
  registry.breaks();
  await clock.advance(2_000);
  registry.tells([goes]);
  await clock.advance(6_000);

  registry.dies();
  await clock.advance(4_000);
  registry.live(3_000, [stays], 500);
  await clock.advance(3_500);

  assert.equal(discovery.state.kind, "live");
  assert.deepEqual(registry.seen, ["i-1", "i-2"]);
  await discovery.stop();
});

test("a registry that has restarted cut off from its peers, and grows no older, takes nobody away", async () => {
  const registry = new YoungRegistry();
  const { clock, discovery } = registry;
  registry.live(1_000, [stays, goes], 3_600_000);
  discovery.start();
  await clock.advance(100);

  registry.live(2_000, [stays], 0);
  registry.breaks();
  await clock.advance(40_000);
  assert.deepEqual(registry.seen, ["i-1", "i-2"]);

  // It has met them, and is old enough.
  registry.live(2_000, [stays], 30_000);
  await clock.advance(12_000);
  assert.deepEqual(registry.seen, ["i-1"]);
  await discovery.stop();
});
