/**
 * A client process of its own: `node load.ts '<LoadOptions as JSON>'`. Prints one JSON line: {@link LoadResult}.
 */
import { median } from "../figure.ts";
import { type Subject, type SubjectName, subjects } from "./clients.ts";

export interface LoadOptions {
  readonly subject: SubjectName;
  readonly ports: readonly number[];
  /** Zones the servers are spread over; the caller is in one of them. Default: 1. */
  readonly zones?: number;
  /** Calls before those that are measured. */
  readonly warmUp: number;
  readonly calls: number;
  /** So many calls are under way at any time. */
  readonly wide: number;
  /** Also picks so many servers, without calling them. */
  readonly picks?: number;
}

export interface LoadResult {
  /** Answered 200. */
  readonly ok: number;
  /** Answered anything else, or failed. */
  readonly failed: number;
  /** Of all calls, those that failed, too. */
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** User and system time of this process, a call. */
  readonly cpuUs: number;
  /** Ours: tries by server. */
  readonly tries: readonly number[];
  readonly pickNs: number;
  /** Servers that were picked at all in 20 picks for each. */
  readonly picked: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as LoadOptions;
const { ports, zones = 1, warmUp, calls, wide, picks = 0 } = options;
const subject: Subject = subjects[options.subject]({ ports, zones });

await run(warmUp);
const triesOf = (): readonly number[] => subject.report?.()?.servers.map((server) => server.requests) ?? [];
const triesBefore = triesOf();
const cpu = process.cpuUsage();
const done = await run(calls);
const { user, system } = process.cpuUsage(cpu);
const result: LoadResult = {
  ...done,
  cpuUs: (user + system) / calls,
  tries: triesOf().map((tries, i) => tries - (triesBefore[i] ?? 0)),
  ...(picks === 0 ? { pickNs: 0, picked: 0 } : { picked: pickedOf(), pickNs: pickNs() }),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);

async function run(count: number): Promise<Pick<LoadResult, "ok" | "failed" | "p99Ms" | "p999Ms">> {
  const times: number[] = [];
  let [left, ok] = [count, 0];
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const startMs = performance.now();
      const status = await subject.get().catch(() => 0);
      if (status === 200) ok += 1;
      times.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: wide }, lane));
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { ok, failed: count - ok, p99Ms: at(0.99), p999Ms: at(0.999) };
}

function pickedOf(): number {
  const ids = new Set<string | undefined>();
  for (let i = 0; i < ports.length * 20; i++) ids.add(subject.pick?.()?.id);
  return ids.size;
}

function pickNs(): number {
  const runs: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = process.cpuUsage();
    for (let n = 0; n < picks; n++) subject.pick?.();
    const used = process.cpuUsage(before);
    runs.push(((used.user + used.system) * 1_000) / picks);
  }
  return median(runs);
}
