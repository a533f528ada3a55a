import type { RegistryTransport } from "@holdfast/discovery";
import { Registration, type RegistryKind } from "@holdfast/discovery";
import { hash32, type InstanceId, parseInstanceId, type Random, silentLog } from "@holdfast/kernel";
import type { InstanceRecord, InstanceStatus } from "@holdfast/wire";
import type { Machine, Process } from "./machine.ts";

/** Who an instance is, whichever process is it at the time. */
export interface Identity {
  readonly app: string;
  readonly id: InstanceId;
  readonly key: string;
  /** How it speaks to registries. */
  readonly kind: "native" | "eureka";
}

export function identityOf(app: string, name: string, kind: Identity["kind"] = "native"): Identity {
  const id = parseInstanceId(name);
  if (id === undefined) throw new RangeError(`${name} is no instance id`);
  return { app, id, key: `${app}/${name}`, kind };
}

const lingerMs = 4_000;

/** One process that is an instance: a real `Registration` on its machine's clock. */
export class Owner {
  readonly identity: Identity;
  readonly machine: Machine;
  readonly process: Process;
  readonly registration: Registration;
  readonly #nowMs: () => number;
  #state: "running" | "dead" | "stopped" = "running";
  #changedAtMs: number;
  /** When it last changed what it says of itself, or was brought to a halt, or back. */
  #statusAtMs: number;
  #wokeAtMs = Number.NEGATIVE_INFINITY;

  /** Boots its machine; `urls`: its own zone's registry first. */
  constructor(
    identity: Identity,
    machine: Machine,
    random: Random,
    nowMs: () => number,
    urls: readonly string[],
    transportOf: (process: Process) => RegistryTransport,
    status: InstanceStatus = "UP",
  ) {
    this.identity = identity;
    this.machine = machine;
    this.#nowMs = nowMs;
    this.#changedAtMs = nowMs();
    this.#statusAtMs = nowMs();
    this.process = machine.boot();
    const { app, id } = identity;
    // Half of ours find out by themselves what a registry speaks.
    const kind: RegistryKind | "auto" = identity.kind === "native" && hash32(id) % 2 === 0 ? "auto" : identity.kind;
    const access = { registries: urls, kind, transport: transportOf(this.process), heartbeatMs: 3_000 };
    const record = recordOf(app, id, machine, this.process.wallMs(), status);
    this.registration = new Registration(this.process, random, silentLog, access, record);
    void this.registration.start();
  }

  /** `dead`: killed; `stopped`: has said goodbye. */
  get state(): "running" | "dead" | "stopped" {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get incarnation(): number {
    return this.registration.record.incarnation;
  }

  /** True time since when it has been as it is. */
  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  /** True time of its latest change of status. */
  get statusAtMs(): number {
    return this.#statusAtMs;
  }

  /** True time when its machine went on after standing still. */
  get wokeAtMs(): number {
    return this.#wokeAtMs;
  }

  /** Its machine stands still from now on. */
  freeze(how: "stop" | "suspend"): void {
    this.machine.stop(how);
    this.touch();
  }

  wake(): void {
    this.machine.resume();
    this.touch();
    this.#wokeAtMs = this.#nowMs();
  }

  touch(): void {
    this.#changedAtMs = this.#nowMs();
  }

  kill(): void {
    if (!this.isRunning) return;
    this.#state = "dead";
    this.touch();
    if (this.machine.process === this.process) this.machine.kill();
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.#state = "stopped";
    this.touch();
    await this.registration.stop("stopped");
    this.touch();
    // A process has other things to end, too; what it says of itself meanwhile would be wrong.
    await this.process.sleep(lingerMs);
    if (this.machine.process === this.process) this.machine.kill();
  }

  async setStatus(status: InstanceStatus, awaitSeenMs = 0): ReturnType<Registration["setStatus"]> {
    this.touch();
    this.#statusAtMs = this.#nowMs();
    const answer = await this.registration.setStatus(status, awaitSeenMs);
    this.touch();
    return answer;
  }
}

function recordOf(
  app: string,
  id: InstanceId,
  { zone, name }: Machine,
  incarnation: number,
  status: InstanceStatus,
): Omit<InstanceRecord, "version"> {
  return {
    app,
    id,
    incarnation,
    status,
    region: "local-1",
    zone,
    address: "127.1.1.10",
    port: 12_000,
    application: "movies",
    cluster: `movies-${app}`,
    serverGroup: `movies-${app}-v000`,
    verifiesIdentity: true,
    metadata: { host: name },
  };
}
