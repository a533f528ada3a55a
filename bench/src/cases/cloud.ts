import { join } from "node:path";
import { PodmanService } from "@holdfast/testing/engine-conformance";
import { type BenchCase, type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { runProgram } from "../peers.ts";

/** Control looking after many groups whose engine costs next to nothing, in a process of its own. */
async function* reconcile(context: BenchContext): AsyncIterable<Measured> {
  const groups = size(context, 50, 1_000);
  const seconds = size(context, 2, 15);
  const program = join(context.root, "services/cloud/test/reconcile-cost.ts");
  const args = [program, String(groups), "10", String(seconds), "10"];
  const printed = await runProgram(process.execPath, args, { timeoutMs: 180_000 });
  const figures: { atRestMsPerSecond: number; underKillsMsPerSecond: number; up: number } = JSON.parse(printed);
  const goal = { most: 50 };
  const of = `${groups} groups of 10 in 6 zones, ${figures.up} up at the end`;
  yield { case: "reconcile, at rest", ours: figures.atRestMsPerSecond, unit: "ms CPU/s", goal, note: of };
  const note = `${of}; ten instances killed and replaced a second; the engine's own share is in it`;
  yield { case: "reconcile, 10 kills/s", ours: figures.underKillsMsPerSecond, unit: "ms CPU/s", goal, note };
}

/** From the order until a container takes connections: our engine and the plain Docker API in turns, on one Podman. */
async function* containerStart(context: BenchContext): AsyncIterable<Measured> {
  if (PodmanService.missing !== false) return context.say(`left out: ${PodmanService.missing}`);
  const program = join(context.root, "holdfast/test/container-start-cost.ts");
  const rounds = size(context, 3, 25);
  const printed = await runProgram(process.execPath, [program, String(rounds)], { timeoutMs: 180_000 });
  const figures: { oursMs: number; upMs: number; rawMs: number } = JSON.parse(printed);
  yield {
    case: "container, create to serving",
    ours: figures.oursMs,
    unit: "ms",
    peer: figures.rawMs,
    peerName: "Docker API",
    goal: { ratio: 1.3 },
    note: `median of ${rounds} rounds, taking turns on Podman; known as up after ${figures.upMs.toFixed(0)} ms`,
  };
}

export const cases: readonly BenchCase[] = [
  { name: "reconcile", run: reconcile },
  { name: "container-start", run: containerStart },
];
