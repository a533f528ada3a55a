import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";
import { installedPeers } from "../peers.ts";
import { roundsOf } from "./rounds.ts";
import { startServers } from "./servers.ts";
import type { ZoneLoadOptions, ZoneLoadResult } from "./zone-load.ts";

const zones = 3;
const serversInZone = 3;
const perSecond = 500;
const boundMs = 120_000;

/**
 * Three zones of three servers; all of the caller's own zone get `kill -9`, and no registry says so: what the client alone
 * makes of it.
 */
export async function* zoneKilled(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  const results = { fetch: [] as ZoneLoadResult[], "retry-agent": [] as ZoneLoadResult[] };
  for (let round = 0; round < Math.min(3, roundsOf(context)); round++) {
    for (const subject of ["fetch", "retry-agent"] as const) results[subject].push(await oneRound(context, subject));
  }
  const of = (subject: keyof typeof results, what: (one: ZoneLoadResult) => number): number =>
    median(results[subject].map(what));
  const peerName = "undici RetryAgent over BalancedPool";
  const note = `${zones} zones of ${serversInZone} servers, the caller's own zone killed, no registry; ${perSecond} GETs a second, open loop; ${results.fetch.length} rounds, median`;
  const failed = (one: ZoneLoadResult): number => (100 * one.failed) / one.asked;
  yield {
    case: "own zone of three killed: failed",
    ours: of("fetch", failed),
    peer: of("retry-agent", failed),
    peerName,
    unit: "%",
    goal: { most: 0.1 },
    note: `${note}; worst ${Math.max(...results.fetch.map(failed)).toFixed(3)} %`,
  };
  yield {
    case: "own zone of three killed: until calls take what they took before",
    ours: of("fetch", (one) => one.backMs / 1_000),
    peer: of("retry-agent", (one) => one.backMs / 1_000),
    peerName,
    unit: "s",
    goal: { most: 5 },
    note: `${note}; p99 before ${of("fetch", (one) => one.p99BeforeMs).toFixed(1)} ms, after ${of("fetch", (one) => one.p99AfterMs).toFixed(1)} ms`,
  };
}

async function oneRound(context: BenchContext, subject: ZoneLoadOptions["subject"]): Promise<ZoneLoadResult> {
  const groups = await Promise.all(Array.from({ length: zones }, () => startServers(serversInZone, "ok")));
  try {
    // Zone by zone in turn, as the load has them.
    const ports = Array.from(
      { length: zones * serversInZone },
      (_, i) => groups[i % zones]?.ports[Math.floor(i / zones)],
    );
    const options: ZoneLoadOptions = {
      subject,
      ports: ports.filter((port) => port !== undefined),
      zones,
      perSecond,
      warmUpSeconds: size(context, 1, 3),
      beforeSeconds: size(context, 1, 5),
      afterSeconds: size(context, 3, 15),
    };
    const load = fork(join(import.meta.dirname, "zone-load.ts"), [JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      timeout: boundMs,
    });
    const printed = load.stdout === null ? Promise.resolve("") : text(load.stdout);
    await once(load, "message");
    await groups[0]?.[Symbol.asyncDispose]();
    return JSON.parse(await printed) as ZoneLoadResult;
  } finally {
    await Promise.all(groups.slice(1).map((group) => group[Symbol.asyncDispose]()));
  }
}
