import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SystemClock, type Timer } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";
import { type BenchContext, size, sleep } from "../bench-context.ts";
import type { Measured } from "../figure.ts";

/** The machine's clock, counting the native timers made of it. */
class CountingClock extends SystemClock {
  timers = 0;

  override after(ms: number, callback: () => void): Timer {
    this.timers += 1;
    return super.after(ms, callback);
  }
}

const properties = {
  "execution.isolation.semaphore.maxConcurrentRequests": 1_000_000,
  "execution.isolation.thread.timeoutInMilliseconds": 1_000,
  "circuitBreaker.enabled": false,
} as const;

/** Native timers while 10,000 calls are under way, and how late their timeouts come. */
export async function* timers(context: BenchContext): AsyncIterable<Measured> {
  const clock = new CountingClock();
  const resilience = new Resilience(clock);
  const command = resilience.command<[], never>({ key: "bench", run: () => new Promise(() => {}), properties });
  const calls = size(context, 1_000, 10_000);
  const lateMs: number[] = [];
  const startMs = clock.monotonicMs();
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < calls; i++) {
    const dueMs = clock.monotonicMs() + 1_000;
    all.push(command.execute().catch(() => lateMs.push(clock.monotonicMs() - dueMs)));
    if (i % 100 === 99) await sleep(5);
  }
  await Promise.all(all);
  const tookMs = clock.monotonicMs() - startMs;
  const note = `${calls} calls that never end, timeout 1 s; latest timeout ${Math.max(...lateMs).toFixed(1)} ms late, earliest ${Math.min(...lateMs).toFixed(1)}`;
  yield { case: "native timers per 10 ms", ours: clock.timers / (tookMs / 10), unit: "", goal: { most: 1 }, note };
  await resilience.close();
}

/** What 1,000 commands keep in memory, each of which was called. */
export async function* keys(): AsyncIterable<Measured> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const resilience = new Resilience(new SystemClock());
  const heapMb = (): number => {
    gc();
    gc();
    return (process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers) / 1_048_576;
  };
  const before = heapMb();
  const commands = Array.from({ length: 1_000 }, (_, i) =>
    resilience.command<[], number>({ key: `key-${i}`, run: async () => 1, fallback: () => 0 }),
  );
  for (let round = 0; round < 50; round++) for (const command of commands) await command.execute();
  const note = "heap and array buffers, after 50 calls of each key; with percentiles and histories";
  yield { case: "1,000 keys", ours: heapMb() - before, unit: "MB", goal: { most: 25 }, note };
  await resilience.close();
}
