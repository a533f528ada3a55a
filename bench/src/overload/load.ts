/** Open-loop load: `node load.ts '{"port","phases":[{"name","perSecond","seconds","retries"}]}'`. Prints a JSON list of {@link PhaseResult}. */
import { Agent, request } from "node:http";

export interface Phase {
  readonly name: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** How often a call without an answer in time is made again, at once, as impatient people do. */
  readonly retries: number;
  /** Of the beginning of the phase, in seconds, not counted. */
  readonly skip: number;
}

export interface PhaseResult {
  readonly name: string;
  /** Answers 200 within the second after which people give up, per second of the phase. */
  readonly goodPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of each second of the phase, good answers to what was asked in it. */
  readonly bySecond: readonly number[];
}

const patienceMs = 1_000;
const tickMs = 5;
const localAddresses = 8;
let turn = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 20_000 });

function once(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // A socket given up keeps its port for a minute; one address does not have enough of them for a spike.
    turn = (turn + 1) % localAddresses;
    const localAddress = `127.0.0.${turn + 2}`;
    const call = request({ host: "127.0.0.1", port, agent, localAddress }, (answer) => {
      answer.resume();
      answer.on("end", () => settle(answer.statusCode === 200));
    });
    const timer = setTimeout(() => {
      settle(false);
      call.destroy();
    }, patienceMs);
    const settle = (ok: boolean): void => {
      clearTimeout(timer);
      resolve(ok);
    };
    call.on("error", () => settle(false));
    call.end();
  });
}

async function play(port: number, { name, perSecond, seconds, retries, skip }: Phase): Promise<PhaseResult> {
  const times: number[] = [];
  const bySecond = Array.from({ length: seconds }, () => 0);
  const open = new Set<Promise<void>>();
  const startMs = performance.now();
  const ask = async (): Promise<void> => {
    const askedMs = performance.now();
    for (let i = 0; i <= retries; i++) {
      if (!(await once(port))) continue;
      const second = Math.floor((askedMs - startMs) / 1_000);
      bySecond[second] = (bySecond[second] ?? 0) + 1;
      if (second >= skip) times.push(performance.now() - askedMs);
      return;
    }
  };
  let asked = 0;
  while (performance.now() - startMs < seconds * 1_000) {
    const due = ((performance.now() - startMs) / 1_000) * perSecond;
    for (; asked < due; asked++) {
      const one = ask().finally(() => open.delete(one));
      open.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  // Impatient ones go on into the next phase; only their own time is waited for.
  if (retries === 0) await Promise.all(open);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { name, goodPerSecond: times.length / (seconds - skip), p50Ms: at(0.5), p99Ms: at(0.99), bySecond };
}

const { port, phases } = JSON.parse(process.argv[2] ?? "{}") as { port: number; phases: readonly Phase[] };
const results: PhaseResult[] = [];
for (const phase of phases) results.push(await play(port, phase));
process.stdout.write(`${JSON.stringify(results)}\n`);
process.exit(0);
