import type { Clock } from "@holdfast/kernel";
import { Env } from "@holdfast/wire";
import { readAgentState } from "../agent/state-file.ts";
import { Cgroup, cgroupsOfThisMachine } from "../system/cgroup.ts";
import { bootId, groupExists, isAlive, processesWithEnvironment, sendSignal } from "../system/processes.ts";

const lookMs = 50;

/**
 * Ends the instances of an agent that is itself dead, from its state file: SIGTERM, then SIGKILL after `graceMs`.
 * Only processes that are surely the agent's (pid and start time, or the instance id in their environment) are touched.
 * Returns how many instances were ended.
 *
 * @throws PlatformError `AGENT_STATE_UNREADABLE`.
 */
export async function endOrphans(clock: Clock, stateFile: string, graceMs: number): Promise<number> {
  const state = readAgentState(stateFile);
  if (state === undefined || state.boot !== bootId()) return 0;
  const groups = new Set<number>();
  for (const { pid, startTime } of state.instances) {
    if (pid !== undefined && startTime !== undefined && isAlive({ pid, startTime })) groups.add(pid);
  }
  const ids = new Set(state.instances.map((entry) => entry.spec.id));
  for (const stray of processesWithEnvironment(Env.instanceId, ids)) groups.add(stray.group);
  for (const group of groups) {
    sendSignal(-group, "SIGTERM");
    sendSignal(-group, "SIGCONT");
  }
  const endMs = clock.monotonicMs() + graceMs;
  const living = (): number[] => [...groups].filter((group) => groupExists(group));
  while (living().length > 0 && clock.monotonicMs() < endMs) await clock.sleep(lookMs);
  for (const group of living()) sendSignal(-group, "SIGKILL");
  const trees = cgroupsOfThisMachine();
  for (const { spec } of state.instances) {
    if (trees !== undefined && spec.resources !== undefined) new Cgroup(trees, spec.id).remove();
  }
  return groups.size;
}
