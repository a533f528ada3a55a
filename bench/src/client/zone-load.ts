/**
 * Open-loop calls of one caller: `node zone-load.ts '<ZoneLoadOptions as JSON>'`. Sends "now" to its parent when it is time
 * to kill, prints one JSON line: {@link ZoneLoadResult}.
 */
import { type SubjectName, subjects } from "./clients.ts";

export interface ZoneLoadOptions {
  readonly subject: SubjectName;
  readonly ports: readonly number[];
  readonly zones: number;
  readonly perSecond: number;
  /** Not counted. */
  readonly warmUpSeconds: number;
  readonly beforeSeconds: number;
  readonly afterSeconds: number;
}

export interface ZoneLoadResult {
  readonly asked: number;
  readonly failed: number;
  readonly p99BeforeMs: number;
  readonly p99AfterMs: number;
  /** From the kill to the begin of the last call that failed or took over twice `p99BeforeMs` and over 20 ms. */
  readonly backMs: number;
}

interface Done {
  readonly atMs: number;
  readonly tookMs: number;
  readonly ok: boolean;
}

const tickMs = 2;
const options = JSON.parse(process.argv[2] ?? "{}") as ZoneLoadOptions;
const { ports, zones, perSecond, warmUpSeconds, beforeSeconds, afterSeconds } = options;
const subject = subjects[options.subject]({ ports, zones });

async function ask(): Promise<Done> {
  const atMs = performance.now();
  const status = await subject.get().catch(() => 0);
  return { atMs, tookMs: performance.now() - atMs, ok: status === 200 };
}

async function phase(seconds: number): Promise<readonly Promise<Done>[]> {
  const startMs = performance.now();
  const asked: Promise<Done>[] = [];
  for (;;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs >= seconds * 1_000) return asked;
    while (asked.length < (elapsedMs / 1_000) * perSecond) asked.push(ask());
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
}

function p99(all: readonly Done[]): number {
  const times = all.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? 0;
}

await Promise.all(await phase(warmUpSeconds));
const before = await Promise.all(await phase(beforeSeconds));
const killedAtMs = performance.now();
process.send?.("now");
const after = await Promise.all(await phase(afterSeconds));
const p99BeforeMs = p99(before);
const isBad = ({ ok, tookMs }: Done): boolean => !ok || (tookMs > 2 * p99BeforeMs && tookMs > 20);
const result: ZoneLoadResult = {
  asked: before.length + after.length,
  failed: [...before, ...after].filter(({ ok }) => !ok).length,
  p99BeforeMs,
  p99AfterMs: p99(after),
  backMs: Math.max(0, (after.findLast(isBad)?.atMs ?? killedAtMs) - killedAtMs),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
