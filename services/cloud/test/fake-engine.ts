import { type Clock, type InstanceId, PlatformError } from "@holdfast/kernel";
import type { Engine, EngineListing, EngineSignal, InstanceObservation, LaunchSpec } from "@holdfast/wire";

/** How instances of a service behave. */
export interface FakeProgram {
  /** From launch to healthy; never when undefined. */
  readonly startMs: number | undefined;
  /** It exits by itself so long after its launch. */
  readonly exitAfterMs?: number;
  readonly drainMs?: number;
}

const goodProgram: FakeProgram = { startMs: 300, drainMs: 200 };

/** A world of zones with agents in memory, on any clock: an honest engine without processes. */
export class FakeEngine implements Engine {
  readonly #clock: Clock;
  readonly #instances = new Map<InstanceId, InstanceObservation>();
  readonly #listeners = new Set<(observation: InstanceObservation) => void>();
  readonly silentZones = new Set<string>();
  /** Of those, zones whose agent is known not to run. */
  readonly goneZones = new Set<string>();
  /** Zones where nothing more fits. */
  readonly fullZones = new Set<string>();
  /** Launches that such zones have refused. */
  refusals = 0;
  readonly programs = new Map<string, FakeProgram>();
  readonly launches: { readonly atMs: number; readonly spec: LaunchSpec }[] = [];
  /** Tells that the news from a zone has broken off. */
  breakOff: (zone: string) => void = () => {};
  /** The highest epoch another controller has shown; ours is refused when set. */
  deposed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async launch(spec: LaunchSpec): Promise<InstanceObservation> {
    this.#reach(spec.zone.name);
    const present = this.#instances.get(spec.id);
    if (present !== undefined) return present;
    if (this.fullZones.has(spec.zone.name)) {
      this.refusals++;
      throw new PlatformError("NO_CAPACITY", `${spec.zone.name}: no capacity left`);
    }
    this.launches.push({ atMs: this.#clock.monotonicMs(), spec });
    const nowMs = this.#clock.wallMs();
    const program = this.programs.get(spec.service) ?? goodProgram;
    const observation: InstanceObservation = {
      spec,
      state: "starting",
      reason: `no answer on ${spec.address}:${spec.port} yet`,
      reasonCode: "STARTING",
      pid: this.launches.length,
      startedAtMs: nowMs,
      sinceMs: nowMs,
      healthyAtMs: undefined,
      exit: undefined,
      logFile: "",
      registeredByEngine: false,
    };
    this.#instances.set(spec.id, observation);
    if (program.startMs !== undefined) this.#clock.after(program.startMs, () => this.#healthy(spec.id));
    if (program.exitAfterMs !== undefined) {
      this.#clock.after(program.exitAfterMs, () => this.stop(spec.id, "exited with code 1", "EXITED"));
    }
    return observation;
  }

  async terminate(id: InstanceId): Promise<void> {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    this.#reach(instance.spec.zone.name);
    if (instance.state === "stopped" || instance.state === "draining") return;
    this.change(id, { state: "draining", reason: "finishes its requests", reasonCode: "DRAINING" });
    const drainMs = this.programs.get(instance.spec.service)?.drainMs ?? 200;
    this.#clock.after(drainMs, () => this.stop(id, "ended", "TERMINATED"));
  }

  async signal(id: InstanceId, signal: EngineSignal): Promise<void> {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    this.#reach(instance.spec.zone.name);
    if (signal === "SIGKILL") this.stop(id, "killed by SIGKILL", "KILLED");
  }

  async list(): Promise<EngineListing> {
    if (this.deposed) throw new PlatformError("EPOCH_STALE", "another control has taken over");
    return {
      instances: this.all().filter((instance) => !this.silentZones.has(instance.spec.zone.name)),
      unreachableZones: [...this.silentZones],
      zonesWithoutAgent: [...this.goneZones],
    };
  }

  watch(
    onChange: (observation: InstanceObservation) => void,
    signal: AbortSignal,
    onBreak: (zone: string) => void = () => {},
  ): void {
    this.#listeners.add(onChange);
    this.breakOff = onBreak;
    signal.addEventListener("abort", () => this.#listeners.delete(onChange));
  }

  all(): InstanceObservation[] {
    return [...this.#instances.values()];
  }

  /** Those that serve now, of one service. */
  up(service: string): InstanceObservation[] {
    return this.all().filter((instance) => instance.spec.service === service && instance.state === "up");
  }

  /** Zone names of those that serve, sorted and joined. */
  upZones(service: string): string {
    return this.up(service)
      .map((instance) => instance.spec.zone.name.slice(-1))

      .toSorted((a, b) => (a < b ? -1 : 1))
      .join("");
  }

  stop(id: InstanceId, reason: string, reasonCode: string): void {
    this.change(id, { state: "stopped", reason, reasonCode });
  }

  /** The process is there, but its checks fail. */
  sicken(id: InstanceId): void {
    this.change(id, { state: "unhealthy", reason: "no answer within 1000 ms", reasonCode: "UNHEALTHY" });
  }

  change(id: InstanceId, change: Partial<InstanceObservation>): void {
    const instance = this.#instances.get(id);
    if (instance === undefined || instance.state === "stopped") return;
    const observation = { ...instance, ...change, sinceMs: this.#clock.wallMs() };
    this.#instances.set(id, observation);
    if (this.silentZones.has(instance.spec.zone.name)) return;
    for (const listener of this.#listeners) listener(observation);
  }

  #healthy(id: InstanceId): void {
    if (this.#instances.get(id)?.state !== "starting") return;
    this.change(id, { state: "up", reason: "answers", reasonCode: "UP", healthyAtMs: this.#clock.wallMs() });
  }

  #reach(zone: string): void {
    if (this.deposed) throw new PlatformError("EPOCH_STALE", "another control has taken over");
    if (!this.silentZones.has(zone)) return;
    throw new PlatformError("AGENT_UNREACHABLE", `${zone}: its agent does not answer`);
  }
}
