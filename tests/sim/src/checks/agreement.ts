import type { InstanceRecord } from "@holdfast/wire";
import { type Expectation, expectationOf, shownStatus } from "../expectation.ts";
import type { Accuse, Check } from "../judge.ts";
import type { Entry } from "../ledger.ts";
import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** After trouble: leases, a pause's fresh ones, failing over, and exchanging everything. */
const calmMs = 25_000;
/** Damping, too. */
const longCalmMs = 75_000;
/** What may take a moment takes no longer than this. */
const graceMs = 1_000;

/**
 * In calm every registry shows just what the instances say of themselves: nobody is missing, nobody dead is there, nothing
 * is old, and it takes no longer than a moment.
 */
export function agreement(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger, calm } = scene;
  /** Since when what is wrong has been. */
  const sinceMs = new Map<string, number>();

  const look = (): void => {
    if (calm.forMs < calmMs) return sinceMs.clear();
    const wrong = new Set<string>();
    for (const entry of ledger.entries()) {
      const expected = expectationOf(entry, world.nowMs());
      for (const node of world.nodes.values()) {
        const why = faultOf(scene, entry, expected, node);
        if (why === undefined) continue;
        wrong.add(`${node.name}: ${entry.key}: ${why}`);
      }
    }
    for (const what of sinceMs.keys()) if (!wrong.has(what)) sinceMs.delete(what);
    for (const what of wrong) {
      const firstMs = sinceMs.get(what);
      if (firstMs === undefined) sinceMs.set(what, world.nowMs());
      else if (world.nowMs() - firstMs >= graceMs) {
        const [name = "", key = ""] = what.split(": ");
        accuse(`registry ${what}, in calm for ${Math.round(calm.forMs / 1_000)} s`, key, name);
      }
    }
  };
  return { look };
}

function faultOf(scene: Scene, entry: Entry, expected: Expectation, node: RegistryNode): string | undefined {
  const owner = entry.owners[0];
  if (owner === undefined || expected.kind === "open") return undefined;
  const shown = node.registry?.get(owner.identity.app, owner.identity.id);
  switch (expected.kind) {
    case "wrong":
      return expected.why;
    case "gone":
      return shown === undefined ? undefined : `shows ${tell(shown)}, which is gone`;
    case "shown":
      return shown === undefined ? "does not show it" : differenceOf(scene, entry, expected, shown);
  }
}

function differenceOf(
  { calm, overrides, world }: Scene,
  entry: Entry,
  { owner }: Extract<Expectation, { kind: "shown" }>,
  shown: InstanceRecord,
): string | undefined {
  const own = owner.registration.record;
  const { kind } = owner.identity;
  if (kind === "native" && (shown.incarnation !== own.incarnation || shown.version !== own.version)) {
    return `shows ${tell(shown)} and not ${tell(own)}`;
  }
  if (shown.metadata["host"] !== owner.machine.name) return `shows the one on ${shown.metadata["host"]}`;
  const allowed = overrides.allowed(entry.key).map((override) => shownStatus(own.status, override, kind));
  if (allowed.includes(shown.status)) return undefined;
  // One that came and went often is out of service for a while.
  const isDamped = shown.status === "OUT_OF_SERVICE" && allowed.includes("UP");
  const isSteady = calm.forMs > longCalmMs && world.nowMs() - owner.statusAtMs > longCalmMs;
  if (isDamped && !isSteady) return undefined;
  return `shows ${tell(shown)} and not ${allowed.join(" or ")}`;
}

export function tell({ incarnation, version, status }: InstanceRecord): string {
  return `${incarnation}/${version} ${status}`;
}
