/**
 * A client process of its own: `node load.ts '{"subject","ports","warmUp","calls","wide","picks"}'`. Prints one JSON line: {@link LoadResult}.
 */
import { subjects } from "./clients.ts";

export interface LoadOptions {
  readonly subject: string;
  readonly ports: readonly number[];
  readonly warmUp: number;
  readonly calls: number;
  readonly wide: number;
  /** Also picks so many servers, without calling them. */
  readonly picks?: number;
}

export interface LoadResult {
  readonly ok: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
  /** Ours: tries by server. */
  readonly tries: readonly number[];
  readonly pickNs: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as LoadOptions;
const make = subjects[options.subject];
if (make === undefined) throw new Error(`${options.subject}: no such subject`);
const subject = make(options.ports);
let [ok, failed] = [0, 0];
const times: number[] = [];

async function run(calls: number): Promise<void> {
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const startMs = performance.now();
      const status = await subject.get().catch(() => 0);
      if (status === 200) ok += 1;
      else failed += 1;
      times.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: options.wide }, lane));
}

await run(options.warmUp);
const triesOf = (): readonly number[] => subject.report?.()?.servers.map((server) => server.requests) ?? [];
const triesBefore = triesOf();
[ok, failed] = [0, 0];
times.length = 0;
const cpu = process.cpuUsage();
await run(options.calls);
const { user, system } = process.cpuUsage(cpu);
times.sort((a, b) => a - b);
const result: LoadResult = {
  ok,
  failed,
  p50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
  p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
  cpuUs: (user + system) / options.calls,
  tries: triesOf().map((tries, i) => tries - (triesBefore[i] ?? 0)),
  pickNs: pickNs(),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);

function pickNs(): number {
  const { pick } = subject;
  const { picks = 0 } = options;
  if (pick === undefined || picks === 0) return 0;
  const runs: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = process.cpuUsage();
    for (let n = 0; n < picks; n++) pick();
    const used = process.cpuUsage(before);
    runs.push(((used.user + used.system) * 1_000) / picks);
  }
  return runs.toSorted((a, b) => a - b)[4] ?? 0;
}
