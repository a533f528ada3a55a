import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformError, silentLog } from "@holdfast/kernel";
import { FakeClock, settle } from "@holdfast/testing";
import type { DockerApi } from "../src/docker/docker-api.ts";
import type { DockerEvent } from "../src/docker/docker-types.ts";
import { EventWatch } from "../src/event-watch.ts";

/** The events call of an engine that is there or not, as a test says. */
class Engine {
  there = true;
  /** Its connections stand, and it answers nothing. */
  hangs = false;
  calls: number[] = [];
  readonly #clock: FakeClock;
  #hang: { event: (event: DockerEvent) => void; end: () => void } | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly api = {
    ping: (): Promise<void> =>
      this.hangs
        ? Promise.reject(new PlatformError("CONTAINER_ENGINE_UNREACHABLE", "container engine: no answer within 10 s"))
        : Promise.resolve(),
    events: async (
      _: unknown,
      onOpen: () => void,
      event: (event: DockerEvent) => void,
      signal: AbortSignal,
    ): Promise<void> => {
      this.calls.push(this.#clock.monotonicMs());
      if (!this.there || this.hangs) throw new PlatformError("CONTAINER_ENGINE_UNREACHABLE", "container engine: gone");
      onOpen();
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        this.#hang = { event, end: resolve };
      });
    },
  } as unknown as DockerApi;

  say(Action: string, name: string): void {
    this.#hang?.event({ Type: "container", Action, Actor: { ID: "1", Attributes: { name } } });
  }

  leave(): void {
    this.there = false;
    this.#hang?.end();
  }
}

function watching(): { clock: FakeClock; engine: Engine; watch: EventWatch; heard: string[] } {
  const clock = new FakeClock();
  const engine = new Engine(clock);
  const heard: string[] = [];
  const watch = new EventWatch(
    clock,
    silentLog,
    engine.api,
    {},
    {
      onConnected: () => Promise.resolve(void heard.push("connected")),
      onEnd: (name) => void heard.push(name),
    },
  );
  return { clock, engine, watch, heard };
}

test("ends are heard, and nothing else", async () => {
  const { engine, watch, heard } = watching();
  watch.start();
  await settle();
  assert.equal(watch.problem, "");
  engine.say("start", "a");
  engine.say("die", "a");
  engine.say("exec_die", "b");
  assert.deepEqual(heard, ["connected", "a"]);
  watch.stop();
});

test("an engine that went is asked again after delays that grow to ten seconds, and no faster", async () => {
  const { clock, engine, watch, heard } = watching();
  watch.start();
  await settle();
  engine.leave();
  await settle();
  assert.match(watch.problem, /closed its stream/);
  engine.calls = [];
  for (let i = 0; i < 600; i++) {
    await clock.advance(100);
  }
  assert.match(watch.problem, /gone/);
  const gaps = engine.calls.slice(1).map((at, i) => at - (engine.calls[i] ?? 0));
  assert.ok(engine.calls.length >= 8 && engine.calls.length <= 20, `${engine.calls.length} in a minute`);
  assert.ok((gaps.at(-1) ?? 0) > 5_000, gaps.join(", "));
  engine.there = true;
  for (let i = 0; i < 110; i++) {
    await clock.advance(100);
  }
  assert.equal(watch.problem, "");
  assert.deepEqual(heard, ["connected", "connected"], "what was missed is asked for");
  watch.stop();
});

test("an engine that hangs with its connections standing is noticed, and heard again when it goes on", async () => {
  const { clock, engine, watch, heard } = watching();
  watch.start();
  await settle();
  await clock.advance(60_000);
  assert.deepEqual([watch.problem, heard, engine.calls.length], ["", ["connected"], 1], "silence alone is no failure");
  engine.hangs = true;
  await clock.advance(5_000);
  assert.match(watch.problem, /no answer within 10 s/);
  engine.hangs = false;
  await clock.advance(10_000);
  assert.deepEqual([watch.problem, heard], ["", ["connected", "connected"]], "what was missed is asked for");
  watch.stop();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test("stopped, it asks no more", async () => {
  const { clock, engine, watch } = watching();
  engine.there = false;
  watch.start();
  await settle();
  watch.stop();
  const { length } = engine.calls;
  await clock.advance(60_000);
  assert.equal(engine.calls.length, length);
});
