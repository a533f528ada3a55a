import { expectationOf } from "../expectation.ts";
import type { Accuse, Check } from "../judge.ts";
import type { Scene } from "../scene.ts";

const calmMs = 45_000;
const leaseMs = 9_000;
/** A heartbeat, the ping that tells of it, and a try that failed. */
const renewedMs = 7_500;

/** What a registry says of why it shows an instance is true: in calm everybody is live, renewed lately, and no longer held. */
export function explaining(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, calm, ledger } = scene;
  let looks = 0;

  const look = (): void => {
    looks += 1;
    if (calm.forMs < calmMs || looks % 5 !== 0) return;
    for (const entry of ledger.entries()) {
      const { key, owners } = entry;
      const identity = owners[0]?.identity;
      if (identity === undefined) continue;
      const isRunning = expectationOf(entry, world.nowMs()).kind === "shown";
      for (const { registry, name } of world.nodes.values()) {
        const shown = registry?.get(identity.app, identity.id);
        const why = registry?.why(identity.app, identity.id);
        if (why === undefined) continue;
        const isShown = why.state === "live" || why.state === "held";
        if (isShown !== (shown !== undefined) || why.status !== (shown?.status ?? null)) {
          accuse(`registry ${name} says ${why.state} ${why.status} of ${key} and shows ${shown?.status}`, key, name);
        }
        if (why.lease === null || !isRunning || why.state !== "live") continue;
        const { renewedMsAgo, expiresInMs } = why.lease;
        // One that was still a while ago is not yet late.
        const isSteady = owners.every((owner) => world.nowMs() - owner.changedAtMs > leaseMs);
        if (isSteady && renewedMsAgo > renewedMs) {
          accuse(`registry ${name} has not heard of ${key} for ${renewedMsAgo} ms, in calm`, key, name);
        }
        if (expiresInMs > leaseMs + 1) accuse(`registry ${name} gives ${key} ${expiresInMs} ms more`, key, name);
      }
    }
  };
  return { look };
}
