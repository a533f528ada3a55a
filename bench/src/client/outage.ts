import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { installedPeers } from "../peers.ts";
import { roundsOf, runLoad } from "./rounds.ts";
import { refusingPorts, type ServerMode, type Servers, startApart } from "./servers.ts";

const outages = [
  { what: "all answer 503", mode: "503", counted: "requests as the servers count them" },
  { what: "all reset their connections", mode: "reset", counted: "connections as the servers count them" },
  { what: "all refuse", mode: "refuse", counted: "tries as our report has them" },
] as const;

/** All servers answer 503, reset, or refuse: how many tries a call makes. */
export async function* outage(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  const calls = size(context, 1_000, 5_000);
  for (const { what, mode, counted } of outages) {
    for (const subject of ["fetch", "fetch-without-circuit"] as const) {
      const tries: number[] = [];
      for (let i = 0; i < roundsOf(context); i++) tries.push((await triesIn(subject, mode, calls)) / calls);
      const how = subject === "fetch" ? "" : ", without circuit";
      const note = `service("bench").fetch(), ${calls} GETs, 50 at a time, from a cold start; ${counted}; ${tries.length} rounds, median, worst ${Math.max(...tries).toFixed(3)}`;
      yield { case: `${what}${how}: tries a call`, ours: median(tries), unit: "", goal: { most: 1.2 }, note };
    }
  }
}

/** Tries of so many calls, at three servers started for them. */
async function triesIn(
  subject: "fetch" | "fetch-without-circuit",
  mode: "refuse" | ServerMode,
  calls: number,
): Promise<number> {
  await using bad: Servers | undefined = mode === "refuse" ? undefined : await startApart(3, mode);
  const ports = bad === undefined ? await refusingPorts(3) : bad.ports;
  const { ok, tries } = await runLoad({ subject, ports, warmUp: 0, calls, wide: 50 });
  if (ok > 0) throw new Error(`${ok} calls succeeded in an outage`);
  return sum(bad === undefined ? tries : await bad.counts());
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, one) => all + one, 0);
}
