import type { Engine, InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { RegistryStub } from "./registry-stub.ts";

/** What an instance uses, as the engine tells it. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** What of the engine goes away and comes back. Each returns once it is so. */
export interface Outage {
  end(): Promise<void>;
}

/**
 * One engine ready to be tried, alone with what it needs. An adapter writes one of these and hands it to
 * `engineConformance`; nothing else of the suite knows what instances run in.
 */
export interface EngineWorld extends AsyncDisposable {
  /** The engine as control has it. Another object after {@link reconnect}. */
  readonly engine: Engine;
  /** What instances of this world are registered at. */
  readonly registry: RegistryStub;
  /** A launch order for a free address and ports in this world. Checks come every 200 ms, drains last 5 s. */
  spec(run: string, changes?: SpecChanges): Promise<LaunchSpec>;
  /** The output of an instance so far. */
  output(spec: LaunchSpec): string;
  /** What it uses; `undefined` when the engine does not tell. */
  usage(spec: LaunchSpec): Promise<Usage | undefined>;
  /** Control is replaced by another one with the next epoch; whatever looks after instances stays. */
  reconnect(): void;
  /** Whatever looks after instances is killed; instances are left alone. */
  loseAgent(options?: { readonly state?: "kept" | "lost" }): Promise<Outage>;
  /** The engine beneath does not answer any more (its socket is gone). */
  loseEngine(): Promise<Outage>;
  /** How often the engine beneath has been tried to reach since it is gone. */
  readonly attempts: number;
  /** Whatever is left of instances that have ended: processes, containers. Named, for the message. */
  leftovers(): Promise<readonly string[]>;
}

export type SpecChanges = Partial<Omit<LaunchSpec, "health">> & { readonly health?: Partial<LaunchSpec["health"]> };

/** The instance as the engine lists it now. */
export async function observe(world: EngineWorld, spec: LaunchSpec): Promise<InstanceObservation | undefined> {
  return (await world.engine.list()).instances.find((seen) => seen.spec.id === spec.id);
}
