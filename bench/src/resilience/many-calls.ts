import { join } from "node:path";
import { SystemClock, type Timer } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";
import { type BenchContext, size, sleep } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { runProgram } from "../peers.ts";

/** The machine's clock, counting the native timers made of it. */
class CountingClock extends SystemClock {
  timers = 0;

  override after(ms: number, callback: () => void): Timer {
    this.timers += 1;
    return super.after(ms, callback);
  }

  override every(ms: number, callback: () => void): Timer {
    // Fires again without being made again: counted as if it were.
    return super.every(ms, () => {
      this.timers += 1;
      callback();
    });
  }
}

const timeoutMs = 1_000;
const properties = {
  "execution.isolation.semaphore.maxConcurrentRequests": 1_000_000,
  "execution.isolation.thread.timeoutInMilliseconds": timeoutMs,
  "circuitBreaker.enabled": false,
} as const;

/** Native timers while 10,000 calls are under way, and how late their timeouts come. */
export async function* timers(context: BenchContext): AsyncIterable<Measured> {
  const clock = new CountingClock();
  const resilience = new Resilience(clock);
  const command = resilience.command<[], never>({ key: "bench", run: () => new Promise(() => {}), properties });
  const calls = size(context, 1_000, 10_000);
  const idle = nativeTimers();
  let aliveMost = 0;
  const lateMs: number[] = [];
  const startMs = clock.monotonicMs();
  const all: Promise<unknown>[] = [];
  const begin = (): void => {
    const dueMs = clock.monotonicMs() + timeoutMs;
    all.push(
      command.execute().then(
        () => 0,
        () => lateMs.push(clock.monotonicMs() - dueMs),
      ),
    );
  };
  for (let i = 0; i < calls; i++) {
    begin();
    if (i % 100 !== 99) continue;
    aliveMost = Math.max(aliveMost, nativeTimers() - idle);
    await sleep(5);
  }
  const underWay = resilience.explain("bench")?.active ?? 0;
  await Promise.all(all);
  const tookMs = clock.monotonicMs() - startMs;
  if (lateMs.length !== calls) throw new Error(`${calls - lateMs.length} of ${calls} calls did not time out`);
  const note = `${calls} calls that never end, ${underWay} of them under way at once, timeout 1 s; at most ${aliveMost} timer alive; latest timeout ${Math.max(...lateMs).toFixed(1)} ms late, earliest ${Math.min(...lateMs).toFixed(1)}`;
  yield { case: "native timers per 10 ms", ours: clock.timers / (tookMs / 10), unit: "", goal: { most: 1 }, note };
  await resilience.close();
}

/** All timers that keep this process alive, whoever made them. */
function nativeTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}

/** What 1,000 commands keep in memory whose windows of time are all filled. */
export async function* keys(): AsyncIterable<Measured> {
  const [count, seconds] = [1_000, 70];
  const program = join(import.meta.dirname, "key-memory.ts");
  const args = ["--expose-gc", program, String(count), String(seconds)];
  const printed = await runProgram(process.execPath, args, { timeoutMs: 120_000 });
  const { mb, succeeded, changes } = JSON.parse(printed) as Record<"mb" | "succeeded" | "changes", number>;
  const note = `heap and array buffers after ${seconds} s of a made-up time; ${succeeded} calls that succeeded, others failed; ${changes} changes in each circuit's history; a process of its own`;
  yield { case: "1,000 keys", ours: mb, unit: "MB", goal: { most: 25 }, note };
}
