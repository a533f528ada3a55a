import type {
  FoundInstance,
  InstanceHandle,
  InstanceMark,
  InstanceRuntime,
  LostInstance,
  StartOrder,
  StartResult,
} from "@holdfast/engine";
import { type Clock, coordinatesOf, type Log, messageOf } from "@holdfast/kernel";
import { Env, type LaunchSpec, type NetworkPlace } from "@holdfast/wire";
import { enterMounts } from "../network/enter.ts";
import { Namespaces } from "../network/namespaces.ts";
import { shellIn } from "../network/shell.ts";
import { Cgroup, type CgroupTrees, cgroupsOfThisMachine } from "../system/cgroup.ts";
import { isAlive, processesWithEnvironment } from "../system/processes.ts";
import { adoptProcess, startProcess } from "./process-handle.ts";

/** Runs instances as processes of this machine, each the leader of a group and session of its own. */
export class ProcessRuntime implements InstanceRuntime {
  readonly problem = "";
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #cgroups: CgroupTrees | undefined;
  readonly #namespaces: Namespaces | undefined;

  /**
   * @param network where each instance has a network of its own; without it all are in ours.
   * @param cgroups where limits can be set; found by default.
   */
  constructor(
    clock: Clock,
    log: Log,
    network: NetworkPlace | undefined,
    cgroups: CgroupTrees | undefined = cgroupsOfThisMachine(),
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#cgroups = cgroups;
    // We stand in the router's network, and in its user namespace if it has one.
    this.#namespaces = network === undefined ? undefined : new Namespaces(shellIn(enterMounts(network)), network);
  }

  sharesFiles(): boolean {
    return true;
  }

  hasOwnNetwork(spec: LaunchSpec): boolean {
    return this.#networkOf(spec) !== undefined;
  }

  async start(order: StartOrder): Promise<StartResult> {
    const { spec } = order;
    let prefix: readonly string[] = [];
    try {
      prefix = (await this.#networkOf(spec)?.enter(spec.address)) ?? [];
    } catch (error) {
      return { kind: "failed", reasonCode: "NETWORK_UNAVAILABLE", reason: messageOf(error) };
    }
    return startProcess(order, prefix, this.#cgroupOf(spec), (problem) =>
      this.#log.warn("agent.instance.not-limited", { instance: spec.id, problem }),
    );
  }

  adopt(lost: readonly LostInstance[]): Promise<ReadonlyMap<string, InstanceHandle>> {
    const handles = new Map<string, InstanceHandle>();
    for (const { spec, mark } of lost) {
      const identity = livingMark(spec, mark);
      if (identity !== undefined) handles.set(spec.id, adoptProcess(this.#clock, identity, this.#cgroupOf(spec)));
    }
    return Promise.resolve(handles);
  }

  /** A process says too little of itself to be known without the state file. */
  strangers(): Promise<readonly FoundInstance[]> {
    return Promise.resolve([]);
  }

  forget(spec: LaunchSpec): Promise<void> {
    this.#cgroupOf(spec)?.remove();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** `undefined`: its address is one of the machine. */
  #networkOf(spec: LaunchSpec): Namespaces | undefined {
    return coordinatesOf(spec.address) === undefined ? undefined : this.#namespaces;
  }

  #cgroupOf(spec: LaunchSpec): Cgroup | undefined {
    const { cpu, memoryBytes } = spec.resources ?? {};
    if (cpu === undefined && memoryBytes === undefined) return undefined;
    return new Cgroup(this.#cgroups ?? { version: 2, cpu: undefined, memory: undefined }, spec.id);
  }
}

/** The process if it still runs: by pid and start time, or, when it started unnoticed, by its environment. */
function livingMark(spec: LaunchSpec, mark: InstanceMark | undefined): InstanceMark | undefined {
  if (mark !== undefined) return isAlive(mark) ? mark : undefined;
  const found = processesWithEnvironment(Env.instanceId, new Set([spec.id]));
  const leader = found.find((stat) => stat.group === stat.pid);
  return leader === undefined ? undefined : { pid: leader.pid, startTime: leader.startTime };
}
