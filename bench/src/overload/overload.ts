import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { runProgram } from "../peers.ts";
import type { Phase, PhaseResult } from "./load.ts";

const [workers, workMs] = [8, 80];
/** What the server can do, a second. */
const capacity = (workers * 1_000) / workMs;

/** Three times what a server can do, and a spike of ten times with people who ask again: with the limiter, and without. */
export async function* overload(context: BenchContext): AsyncIterable<Measured> {
  const seconds = size(context, 4, 24);
  const phase = (name: string, times: number, more: Partial<Phase> = {}): Phase => ({
    name,
    perSecond: Math.round(capacity * times),
    seconds,
    retries: 0,
    skip: Math.floor(seconds / 3),
    ...more,
  });
  const phases = [phase("half", 0.5), phase("full", 0.95), phase("triple", 3)];
  const note = `a real server of ${workers} workers × ${workMs} ms ± 30 %, ${seconds} s a phase, the first third not counted; people wait 1 s`;
  const outcomes = new Map<string, readonly PhaseResult[]>();
  for (const mode of ["adaptive", "static", "none"]) outcomes.set(mode, await play(mode, phases));
  const of = (mode: string, name: string): PhaseResult => {
    const found = outcomes.get(mode)?.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${mode}: no phase ${name}`);
    return found;
  };
  const peak = of("none", "full").goodPerSecond / 0.95;
  const unloaded = of("none", "half").p99Ms;
  for (const [mode, what] of [
    ["adaptive", "limit: adaptive"],
    ["static", "static limit of 200"],
    ["none", "no limit"],
  ] as const) {
    const { goodPerSecond, p99Ms } = of(mode, "triple");
    const isOurs = mode === "adaptive";
    const about = { peerName: "the server at its best, and at half load", note };
    const goodGoal = isOurs ? { goal: { leastRatio: 0.9 } } : {};
    yield {
      case: `3 × capacity, ${what}: answers in time`,
      ours: goodPerSecond,
      peer: peak,
      unit: "/s",
      ...goodGoal,
      ...about,
    };
    const slowGoal = isOurs ? { goal: { ratio: 2 } } : {};
    yield {
      case: `3 × capacity, ${what}: p99 of them`,
      ours: p99Ms,
      peer: unloaded,
      unit: "ms",
      ...slowGoal,
      ...about,
    };
  }
  const spike = [
    phase("before", 0.8, { seconds: 5, skip: 1 }),
    phase("spike", 10, { seconds: size(context, 3, 10), retries: 3 }),
    phase("after", 0.8, { seconds: size(context, 8, 20), skip: 0, retries: 1 }),
  ];
  for (const mode of ["adaptive", "none"]) {
    const after = (await play(mode, spike)).find(({ name }) => name === "after");
    const enough = 0.9 * capacity * 0.8;
    // The last second is cut off in its middle, and does not count.
    const whole = after?.bySecond.slice(0, -1) ?? [];
    const ours = whole.findLastIndex((good) => good < enough) + 1;
    const never = ours >= whole.length ? "NOT BACK WITHIN THE TIME MEASURED; " : "";
    const what = mode === "adaptive" ? "limit: adaptive" : "no limit";
    const goal = mode === "adaptive" ? { goal: { most: 5 } } : {};
    const told = `${never}good answers by second after a spike of 10 × with up to 3 retries: ${after?.bySecond.join(", ")}`;
    yield {
      case: `after a spike of 10 ×, ${what}: until 90 % of what is asked is answered`,
      ours,
      unit: "s",
      ...goal,
      note: told,
    };
  }
}

async function play(mode: string, phases: readonly Phase[]): Promise<readonly PhaseResult[]> {
  const child = fork(join(import.meta.dirname, "server.ts"), [String(workers), String(workMs), mode], {
    stdio: "inherit",
  });
  try {
    const [port] = (await once(child, "message")) as [number];
    const load = join(import.meta.dirname, "load.ts");
    return JSON.parse(
      await runProgram(process.execPath, [load, JSON.stringify({ port, phases })], { timeoutMs: 180_000 }),
    ) as PhaseResult[];
  } finally {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}
