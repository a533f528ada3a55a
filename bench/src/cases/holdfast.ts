import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchCase, type BenchContext, size, sleep } from "../bench-context.ts";
import { BenchStack } from "../bench-stack.ts";
import { type Measured, median } from "../figure.ts";
import { runProgram } from "../peers.ts";
import { Pm2 } from "../pm2.ts";
import { processesWith, sumOf, type Usage, usageOf } from "../processes.ts";

const movies = "examples/movies";
const bareProgram = `const { createServer } = require("node:http");
createServer((req, res) => res.end(String(process.pid))).listen(Number(process.env.PORT), process.env.HOST);
`;

async function* startUp(context: BenchContext): AsyncGenerator<Measured> {
  await using stack = new BenchStack(context.root, movies);
  const bare = mkdtempSync(join(tmpdir(), "holdfast-bench-bare-"));
  writeFileSync(join(bare, "bare.cjs"), bareProgram);
  await using pm2 = await Pm2.make(context.root, context.say);
  const cold = await stack.up();
  const processes = processesWith(stack.state).length;
  await stack.down();
  const apps = Array.from({ length: processes }, (_, i) => ({
    name: `bare-${i}`,
    script: join(bare, "bare.cjs"),
    cwd: bare,
    port: 3_000 + i,
    path: "/",
  }));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < size(context, 1, 3); round++) {
    context.say(`round ${round + 1}: ours, then PM2, ${processes} processes each`);
    ours.push((await stack.up()) / 1_000);
    await stack.down();
    theirs.push((await pm2.start(apps)) / 1_000);
    await pm2.stop();
  }
  rmSync(bare, { recursive: true, force: true });
  yield {
    case: "movies stack, command to all healthy",
    ours: median(ours),
    peer: median(theirs),
    peerName: "PM2 7, as many bare HTTP processes",
    unit: "s",
    goal: { ratio: 2, most: 10 },
    note: `${processes} processes; images made before; first start ever took ${(cold / 1_000).toFixed(1)} s`,
  };
}

async function* footprint(context: BenchContext): AsyncGenerator<Measured> {
  await using stack = new BenchStack(context.root, movies);
  await stack.up();
  await sleep(size(context, 3_000, 15_000));
  const before = usages(stack.state);
  const seconds = size(context, 5, 20);
  const from = performance.now();
  await sleep(seconds * 1_000);
  const wallMs = performance.now() - from;
  const after = usages(stack.state);
  const used = after.map(({ pid, program, cpuMs }) => {
    return { program, cpuMs: cpuMs - (before.find((one) => one.pid === pid)?.cpuMs ?? cpuMs) };
  });
  const cpuMs = sumOf(used.map((one) => one.cpuMs));
  yield {
    case: `idle movies stack, CPU over ${seconds} s`,
    ours: (100 * cpuMs) / wallMs,
    unit: "% of a core",
    goal: { most: 5 },
    note: `${after.length} processes; ${shares(used, wallMs)}`,
  };
  const rss = after.map((one) => one.rssMb);
  const pss = after.map((one) => one.pssMb);
  yield {
    case: "idle movies stack, PSS of a process (mean)",
    ours: sumOf(pss) / pss.length,
    unit: "MB",
    goal: { most: 40 },
    note: `largest ${Math.max(...pss).toFixed(0)} MB; all together ${sumOf(pss).toFixed(0)} MB`,
  };
  const bareMb = await bareNodeRssMb();
  yield {
    case: "idle movies stack, RSS in all",
    ours: sumOf(rss),
    unit: "MB",
    goal: { most: 1_024 },
    peer: bareMb * rss.length,
    peerName: "as many idle bare Node processes",
    note: "RSS counts the pages of the node binary once a process; PSS shares them out",
  };
}

/** `gateway 1.20, control 0.80, …`: who uses most, in percent of a core. */
function shares(used: readonly { program: string; cpuMs: number }[], wallMs: number): string {
  const byProgram = Map.groupBy(used, (one) => one.program);
  return Array.from(byProgram, ([program, all]) => ({ program, cpuMs: sumOf(all.map((one) => one.cpuMs)) }))
    .toSorted((a, b) => b.cpuMs - a.cpuMs)
    .slice(0, 5)
    .map(({ program, cpuMs }) => `${program} ${((100 * cpuMs) / wallMs).toFixed(2)}`)
    .join(", ");
}

function usages(text: string): Usage[] {
  return processesWith(text).flatMap((pid) => usageOf(pid) ?? []);
}

/** What Node itself needs to listen and do nothing. */
async function bareNodeRssMb(): Promise<number> {
  const script = `require("node:http").createServer(() => {}).listen(0, "127.0.0.1", () =>
    setTimeout(() => { console.log(process.memoryUsage.rss()); process.exit(); }, 300))`;
  return Number(await runProgram(process.execPath, ["-e", script])) / 1_024 ** 2;
}

async function* help(context: BenchContext): AsyncGenerator<Measured> {
  const bin = join(context.root, "holdfast/bin/holdfast.mjs");
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < size(context, 5, 25); round++) {
    ours.push(await timed([bin, "--help"]));
    bare.push(await timed(["-e", "0"]));
  }
  yield {
    case: "holdfast --help",
    ours: median(ours),
    peer: median(bare),
    peerName: "node -e 0",
    unit: "ms",
    goal: { ratio: 1.5 },
  };
}

async function timed(args: readonly string[]): Promise<number> {
  const from = performance.now();
  await runProgram(process.execPath, args);
  return performance.now() - from;
}

export const cases: readonly BenchCase[] = [
  { name: "help", run: help },
  { name: "start", run: startUp },
  { name: "footprint", run: footprint },
];
