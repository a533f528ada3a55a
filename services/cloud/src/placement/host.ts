import { addTo, type Resources, resources, type Tally } from "./resources.ts";

/**
 * `active` takes every task; `phasedOut` only those that do not ask for an active host (Titus); `disabled` none, while
 * what runs there runs on.
 */
export type HostState = "active" | "phasedOut" | "disabled";

/** A machine, or a part of one, that tasks are put on. */
export interface Host {
  /** Unique. */
  readonly name: string;
  readonly zone: string;
  readonly capacity: Resources;
  /** `machinegroup`, `machinetype`, `cpumodel`, `kubebackend`, and whatever else sets it apart. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Only tasks that tolerate all of them come here: `key` or `key=value`. Default none. */
  readonly taints?: readonly string[];
  /** Default `active`. */
  readonly state?: HostState;
  /** Why it is not active, as a person is told. */
  readonly stateReason?: string;
}

/** A task on a host. */
export interface Standing {
  readonly id: string;
  /** Tasks of one job are co-tasks: they are what `uniquehost` and `zonebalance` count. */
  readonly job: string;
  readonly request: Resources;
  /** Nobody may stand beside it. */
  readonly exclusive: boolean;
}

/** A host and what stands on it. Sums are kept, never recounted: looking at a host costs the same however full it is. */
export class HostLoad {
  readonly host: Host;
  readonly used: Tally = resources();
  readonly tasks = new Map<string, Standing>();
  /** Job → tasks here. */
  readonly jobs = new Map<string, number>();
  #exclusives = 0;
  state: HostState;
  stateReason: string;

  constructor(host: Host) {
    this.host = host;
    this.state = host.state ?? "active";
    this.stateReason = host.stateReason ?? "";
  }

  get isExclusive(): boolean {
    return this.#exclusives > 0;
  }

  add(task: Standing): void {
    this.tasks.set(task.id, task);
    addTo(this.used, task.request);
    this.jobs.set(task.job, (this.jobs.get(task.job) ?? 0) + 1);
    if (task.exclusive) this.#exclusives++;
  }

  remove(id: string): Standing | undefined {
    const task = this.tasks.get(id);
    if (task === undefined) return undefined;
    this.tasks.delete(id);
    addTo(this.used, task.request, -1);
    const left = (this.jobs.get(task.job) ?? 1) - 1;
    if (left === 0) this.jobs.delete(task.job);
    else this.jobs.set(task.job, left);
    if (task.exclusive) this.#exclusives--;
    return task;
  }

  /** True when everything asked for is free. */
  fits(request: Resources): boolean {
    const { capacity } = this.host;
    const { used } = this;
    return (
      used.milliCpu + request.milliCpu <= capacity.milliCpu &&
      used.memoryBytes + request.memoryBytes <= capacity.memoryBytes &&
      used.diskBytes + request.diskBytes <= capacity.diskBytes &&
      used.networkMbps + request.networkMbps <= capacity.networkMbps &&
      used.ports + request.ports <= capacity.ports
    );
  }
}
