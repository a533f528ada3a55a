import type { Clock, Random } from "@holdfast/kernel";
import type { InstanceView } from "@holdfast/wire/control";
import { sleep } from "./bench-context.ts";
import { LinkedInstance } from "./linked-instance.ts";
import type { RegistryDoor } from "./registry-door.ts";

export type FaultKind = "kill" | "freeze" | "black-hole" | "slow" | "two-of-three";
/** Equal shares: one after the other. */
export const faultKinds: readonly FaultKind[] = ["kill", "freeze", "black-hole", "slow", "two-of-three"];

/** A frozen, cut or slowed instance stays so for this long. */
const faultMs = 5_000;
/** Ten times slower: the processor for 5 ms of each 50. */
const slow = { stopMs: 45, runMs: 5 };

export interface FaultScene {
  readonly clock: Clock;
  readonly random: Random;
  readonly door: RegistryDoor;
  /** The application's own instances that serve now. */
  serving(): Promise<InstanceView[]>;
}

/** Does one fault to a random victim and undoes it; resolves when it is undone. */
export async function inflict(kind: FaultKind, scene: FaultScene): Promise<void> {
  const serving = await scene.serving();
  const victim = serving[scene.random.below(serving.length)];
  if (victim === undefined) return;
  switch (kind) {
    case "kill":
      return void signal(victim, "SIGKILL");
    case "two-of-three": {
      const others = serving.filter((one) => one.name === victim.name).slice(0, 2);
      for (const one of others) signal(one, "SIGKILL");
      return;
    }
    case "freeze":
      signal(victim, "SIGSTOP");
      await sleep(faultMs);
      return void signal(victim, "SIGCONT");
    case "slow":
      return slowDown(victim);
    case "black-hole":
      return blackHole(victim, scene);
  }
}

async function slowDown(victim: InstanceView): Promise<void> {
  const endAtMs = performance.now() + faultMs;
  while (performance.now() < endAtMs) {
    if (!signal(victim, "SIGSTOP")) return;
    await sleep(slow.stopMs);
    signal(victim, "SIGCONT");
    await sleep(slow.runMs);
  }
}

async function blackHole(victim: InstanceView, scene: FaultScene): Promise<void> {
  const records = await scene.door.applicationRecords();
  const target = records.find((record) => record.id === victim.id);
  if (target === undefined) return;
  const linked = await LinkedInstance.start(scene.clock, scene.random, scene.door, target);
  try {
    // Traffic must run over it before it is cut: that is the hard case.
    const endAtMs = performance.now() + 2_000;
    while (linked.connections === 0 && performance.now() < endAtMs) await sleep(50);
    linked.cut();
    await sleep(faultMs);
  } finally {
    await linked.stop();
  }
}

/** False when the process has gone. */
function signal(victim: InstanceView, name: NodeJS.Signals): boolean {
  if (victim.pid === null) return false;
  try {
    process.kill(victim.pid, name);
    return true;
  } catch {
    return false;
  }
}
