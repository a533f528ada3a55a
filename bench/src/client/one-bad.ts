import { type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { installedPeers } from "../peers.ts";
import type { SubjectName } from "./clients.ts";
import { inRounds, roundsOf } from "./rounds.ts";
import { refusingPorts, type ServerMode, startApart } from "./servers.ts";

const balancedPool = "undici BalancedPool";
const retryAgent = "undici RetryAgent (2 retries, 50 ms apart) over BalancedPool";

const refusing = { what: "refuses connections", mode: "refuse", least: 1 } as const;
const failing = { what: "answers 500", mode: "500", least: 0.999 } as const;
const slow = { what: "answers 300 ms later", mode: "slow", least: 1 } as const;

/** Three servers, one of which refuses, answers 500, or is slow: how many GETs succeed, and how long they take. */
export async function* oneBad(context: BenchContext): AsyncIterable<Measured> {
  await installedPeers(context.root, context.say);
  for (const { what, mode, least } of [refusing, failing, slow]) {
    // A second try does not make a slow server faster, and takes the bench minutes.
    const names = mode === "slow" ? ["fetch", "balanced-pool"] : ["fetch", "balanced-pool", "retry-agent"];
    const { ours, peer, retrying, note } = await measure(context, mode, names as SubjectName[]);
    const success = (ok: number, peerName: string): Measured => {
      const beside = peerName === balancedPool ? "" : ", beside retries";
      const name = `one of three ${what}: answered 200${beside}`;
      return { case: name, ours: ours.okLeast, peer: ok, peerName, unit: "of calls", goal: { least }, note };
    };
    yield success(peer.okMost, balancedPool);
    if (retrying !== undefined) yield success(retrying.okMost, retryAgent);
    yield {
      case: `one of three ${what}: p99`,
      ours: ours.p99Ms,
      peer: peer.p99Ms,
      peerName: balancedPool,
      unit: "ms",
      ...(mode === "slow" ? { goal: { ratio: 0.15 } } : {}),
      note: `p99.9 ${ours.p999Ms.toFixed(0)} and ${peer.p999Ms.toFixed(0)} ms; ${note}`,
    };
  }
}

async function measure(context: BenchContext, mode: "refuse" | ServerMode, names: readonly SubjectName[]) {
  await using good = await startApart(2, "ok");
  await using bad = mode === "refuse" ? undefined : await startApart(1, mode);
  const badPorts = bad === undefined ? await refusingPorts(1) : bad.ports;
  const calls = size(context, 500, 5_000);
  const load = { ports: [...good.ports, ...badPorts], warmUp: 0, calls, wide: 50 };
  const { fetch, "balanced-pool": peer, "retry-agent": retrying } = await inRounds(context, names, load);
  if (fetch === undefined || peer === undefined) throw new Error("both must be measured");
  const rounds = `${roundsOf(context)} interleaved rounds`;
  const tries = `our tries by server, the bad one last: ${fetch.tries.join(", ")}`;
  const note = `service("bench").fetch(), ${calls} GETs, 50 at a time, from a cold start; ${rounds}: our worst, the peer's best, p99 their medians; ${tries}`;
  return { ours: fetch, peer, retrying, note };
}
