import { median } from "./figure.ts";

/** So many runs are measured. */
export const rounds = 9;

/** CPU ns of one call of `work`, of which a run makes `count`; the median of several runs. */
export function nsPerCall(count: number, work: (count: number) => unknown): number {
  const runs: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const before = process.cpuUsage();
    work(count);
    const used = process.cpuUsage(before);
    runs.push(((used.user + used.system) * 1_000) / count);
  }
  return median(runs);
}
