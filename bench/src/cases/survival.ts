import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { SystemClock } from "@holdfast/kernel";
import type { InstanceView } from "@holdfast/wire/control";
import { type BenchCase, type BenchContext, size, sleep } from "../bench-context.ts";
import { BenchStack } from "../bench-stack.ts";
import { ExecutionCounter } from "../execution-counter.ts";
import { type FaultScene, faultKinds, inflict } from "../faults.ts";
import { type Measured, median } from "../figure.ts";
import { type LoadReport, ratingsExecuted, runLoad } from "../load.ts";
import { answering, Pm2, pm2Address } from "../pm2.ts";
import { RegistryDoor } from "../registry-door.ts";

const rate = 200;

interface Run {
  readonly report: LoadReport;
  /** Executions at the services for each request sent. */
  readonly executionsPerRequest: number;
  /** Ratings executed more than once, plus those answered with success and not executed. */
  readonly postsWrong: number;
}

/** The movies stack with what the cases measure it with. */
class Scene implements FaultScene {
  readonly clock = new SystemClock();
  readonly stack: BenchStack;
  readonly context: BenchContext;
  #runs = 0;
  /** All that serve when nothing is wrong: the sample has one service more where there is Python. */
  #whole: readonly InstanceView[] = [];

  constructor(context: BenchContext) {
    this.context = context;
    this.stack = new BenchStack(context.root, "examples/movies");
  }

  get random(): BenchContext["random"] {
    return this.context.random;
  }

  get door(): RegistryDoor {
    return new RegistryDoor(this.stack.ready.registry, "movies");
  }

  get services(): readonly string[] {
    return [...new Set(this.#whole.map(({ name }) => name))];
  }

  serving(): Promise<InstanceView[]> {
    return this.stack.serving();
  }

  /** Brings the stack up and lets its code become warm: a cold start is not what these cases measure. */
  async start(): Promise<void> {
    await this.stack.up();
    this.#whole = await this.serving();
    await runLoad(this.context.root, {
      edge: this.stack.ready.edge,
      rate: rate / 2,
      seconds: size(this.context, 8, 30),
      postShare: 0.1,
      run: "warm",
    });
  }

  /** Load for `seconds`, and `trouble` a second after its start. */
  async under(seconds: number, postShare: number, trouble: (endAtMs: number) => Promise<void>): Promise<Run> {
    const counter = new ExecutionCounter(this.door);
    const run = `bench-${process.pid}-${++this.#runs}`;
    const before = await counter.total();
    counter.start();
    const options = { edge: this.stack.ready.edge, rate, seconds, postShare, run };
    const endAtMs = performance.now() + seconds * 1_000;
    const running = runLoad(this.context.root, options);
    await sleep(1_000);
    await trouble(endAtMs);
    const report = await running;
    const executed = (await counter.total()) - before;
    await counter.stop();
    const { once, more } = ratingsExecuted(join(this.stack.state, "logs"), run);
    const lost = Math.max(0, report.posts.succeeded - once - more);
    return { report, executionsPerRequest: executed / report.sent, postsWrong: more + lost };
  }

  /** Wall ms until all instances serve again, none of them of `gone`. */
  async fullStrength(gone: readonly InstanceView[] = []): Promise<number> {
    const from = performance.now();
    for (;;) {
      const serving = await this.serving();
      if (serving.length === this.#whole.length && !serving.some((one) => gone.some(({ id }) => id === one.id))) break;
      if (performance.now() - from > 60_000)
        throw new Error(`only ${serving.length} of ${this.#whole.length} serve after 60 s`);
      await sleep(50);
    }
    return performance.now() - from;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]();
  }
}

/**
 * A POST whose instance dies under it may fail, honestly; so `anyMethod` only where nothing dies uninvited.
 * `calm`: executions a request without trouble.
 */
function* figuresOf(name: string, run: Run, anyMethod: boolean, calm?: number): Generator<Measured> {
  const { report } = run;
  const kinds = report.failures.map(({ kind, count }) => `${count} × ${kind}`).join(", ");
  const latency = `p50 ${report.p50Ms} ms, p99 ${report.p99Ms} ms, max ${report.maxMs} ms`;
  const note = `of ${report.sent} sent, open loop; ${latency}${kinds === "" ? "" : `; ${kinds}`}`;
  const failedPosts = report.posts.sent - report.posts.succeeded;
  const counted = anyMethod ? report.failed : report.failed - failedPosts;
  const what = anyMethod ? "failed requests" : "failed idempotent requests";
  yield { case: `${name}: ${what}`, ours: counted, unit: "", goal: { most: 0 }, note };
  if (calm !== undefined) {
    const goal = { ratio: 1.1 };
    const peer = { peer: calm, peerName: "the same load in calm" };
    yield {
      case: `${name}: executions a request`,
      ours: run.executionsPerRequest,
      unit: "",
      goal,
      ...peer,
    };
  }
  if (report.posts.sent === 0) return;
  const posts = `of ${report.posts.sent} POSTs, ${report.posts.succeeded} succeeded`;
  yield { case: `${name}: POSTs not exactly once`, ours: run.postsWrong, unit: "", goal: { most: 0 }, note: posts };
}

async function* kills(context: BenchContext): AsyncGenerator<Measured> {
  await using scene = new Scene(context);
  await scene.start();
  const seconds = size(context, 10, 60);
  const calm = await scene.under(size(context, 5, 20), 0.1, async () => {});
  yield* figuresOf("calm", calm, true);
  const killed = await scene.under(seconds, 0.1, async (endAtMs) => {
    while (performance.now() < endAtMs - 1_500) {
      const next = sleep(1_000);
      await inflict("kill", scene);
      await next;
    }
  });
  yield* figuresOf(`kill -9 each second for ${seconds} s`, killed, false, calm.executionsPerRequest);
  await scene.fullStrength();
  let shares = 0;
  const mixed = await scene.under(seconds, 0.1, async (endAtMs) => {
    const open: Promise<void>[] = [];
    while (performance.now() < endAtMs - 1_500) {
      open.push(inflict(faultKinds[shares++ % faultKinds.length] ?? "kill", scene));
      await sleep(2_500);
    }
    await Promise.all(open);
  });
  yield* figuresOf(`${faultKinds.join(", ")} in turn, ${seconds} s`, mixed, false, calm.executionsPerRequest);
}

async function* zoneLoss(context: BenchContext): AsyncGenerator<Measured> {
  await using scene = new Scene(context);
  await scene.start();
  let backMs = 0;
  const run = await scene.under(size(context, 10, 30), 0, async () => {
    const gone = (await scene.serving()).filter((one) => one.zone.endsWith("b"));
    for (const one of gone) if (one.pid !== null) process.kill(one.pid, "SIGKILL");
    backMs = await scene.fullStrength(gone);
  });
  yield* figuresOf("all instances of a zone killed", run, false);
  yield {
    case: "all instances of a zone killed: full strength",
    ours: backMs / 1_000,
    unit: "s",
    goal: { most: 5 },
    note: `under ${rate} requests a second`,
  };
}

async function* rolling(context: BenchContext): AsyncGenerator<Measured> {
  await using scene = new Scene(context);
  await scene.start();
  const names = context.short ? ["api", "ratings"] : scene.services;
  const run = await scene.under(size(context, 15, 60), 0.2, async () => {
    for (const name of names) {
      const result = await scene.stack.run("restart", name);
      if (result.code !== 0) throw new Error(`restart ${name} ended with ${result.code}: ${result.stderr}`);
    }
  });
  yield* figuresOf("rolling restart of all services", run, true);
}

async function* replacement(context: BenchContext): AsyncGenerator<Measured> {
  await using scene = new Scene(context);
  await using pm2 = await Pm2.make(context.root, context.say);
  await scene.stack.up();
  const [first] = (await scene.serving()).filter((one) => one.name === "catalog");
  if (first === undefined || first.pid === null) throw new Error("no catalog instance");
  // PM2 runs the very file that the instance runs, from its image.
  const cwd = readlinkSync(`/proc/${first.pid}/cwd`);
  const script = readFileSync(`/proc/${first.pid}/cmdline`, "utf8").split("\0")[1] ?? "";
  await pm2.start([{ name: "catalog", script: join(cwd, script), cwd, port: 3_000, path: "/genres" }]);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < size(context, 3, 7); round++) {
    ours.push(await replaceOurs(scene));
    theirs.push(await replaceTheirs(pm2));
    await sleep(betweenKillsMs);
  }
  yield {
    case: "catalog killed with SIGKILL, until its replacement answers",
    ours: median(ours),
    unit: "ms",
    peer: median(theirs),
    peerName: "PM2 7, the same file",
    goal: { ratio: 1.5 },
    note: `${ours.length} rounds; the app's own start is in both`,
  };
}

/** With three instances killed in turn, each has then run for more than ten seconds. */
const betweenKillsMs = 4_000;

/** The new instance is found through control, and then asked directly. */
async function replaceOurs(scene: Scene): Promise<number> {
  const before = await scene.stack.instances();
  // The oldest: one that dies soon after its start is held back a little on purpose, so that nothing crashes in a hot loop.
  const [victim] = before
    .filter((one) => one.name === "catalog" && one.status === "up" && one.pid !== null)
    .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  if (victim === undefined || victim.pid === null) throw new Error("no catalog instance");
  const from = performance.now();
  process.kill(victim.pid, "SIGKILL");
  for (;;) {
    const now = await scene.stack.instances();
    const next = now.find((one) => one.name === "catalog" && !before.some(({ id }) => id === one.id));
    if (next !== undefined && next.port !== 0) {
      await answering(`http://${next.address}:${next.port}/genres`);
      break;
    }
    if (performance.now() - from > 30_000) throw new Error("no replacement within 30 s");
    await sleep(10);
  }
  const ms = performance.now() - from;
  await scene.fullStrength([victim]);
  return ms;
}

async function replaceTheirs(pm2: Pm2): Promise<number> {
  const [pid] = await pm2.pids();
  if (pid === undefined) throw new Error("PM2 runs nothing");
  const url = `http://${pm2Address}:3000/genres`;
  const from = performance.now();
  process.kill(pid, "SIGKILL");
  await answering(url);
  return performance.now() - from;
}

export const cases: readonly BenchCase[] = [
  { name: "kills", run: kills },
  { name: "zone", run: zoneLoss },
  { name: "rolling", run: rolling },
  { name: "replacement", run: replacement },
];
