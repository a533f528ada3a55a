import { type Clock, type Log, type Random, type Timer } from "@holdfast/kernel";
import {
  type InstanceRecord,
  type InstanceStatus,
  RegistryPaths,
  type RenewRequest,
  type SeenAnswer,
  type StatusChange,
} from "@holdfast/wire";
import { type RegistryAccess, RegistryCaller } from "./registry-call.ts";

export interface RegistrationOptions extends RegistryAccess {
  /** Time between heartbeats. Default 3 000 ms, a third of the lease. */
  readonly heartbeatMs?: number;
}

/** A heartbeat each three seconds keeps a lease of nine alive over two losses. */
export const heartbeatDefaultMs = 3_000;

const nobodySaw: SeenAnswer = { listeners: 0, seen: 0, complete: false };

/**
 * Keeps one instance in the registry: registers, renews, changes status, deregisters. Registries that are down do not
 * make any call fail; the next heartbeat tries the next one.
 */
export class Registration {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #options: RegistrationOptions;
  readonly #caller: RegistryCaller;
  #record: InstanceRecord;
  #index = 0;
  #registered = false;
  #timer: Timer | undefined;
  #stopped = true;

  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    options: RegistrationOptions,
    record: Omit<InstanceRecord, "version">,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#options = options;
    this.#caller = new RegistryCaller(clock, options.localAddress);
    this.#record = { ...record, version: 1 };
  }

  get record(): InstanceRecord {
    return this.#record;
  }

  /** True once a registry has accepted the present record. */
  get registered(): boolean {
    return this.#registered;
  }

  /** Registers now and renews from then on; resolves after the first try, whether or not a registry answered. */
  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    await this.#beat();
  }

  /**
   * Changes the status and, with `awaitSeenMs`, waits until all callers have seen it or the time is over.
   * Never throws: with every registry down the answer is "nobody saw".
   */
  async setStatus(status: InstanceStatus, awaitSeenMs = 0): Promise<SeenAnswer> {
    this.#record = { ...this.#record, status, version: this.#record.version + 1 };
    if (this.#stopped) return nobodySaw;
    const { app, id, incarnation, version } = this.#record;
    const change: StatusChange = { status, incarnation, version, awaitSeenMs };
    const path = `${RegistryPaths.instance(app, id)}/status`;
    try {
      if (!this.#registered) await this.#register();
      const answer = await this.#caller.callAny(this.#options, this.#index, "PUT", path, change, awaitSeenMs + 1_500);
      if (answer.status === 200 && isSeen(answer.body)) return answer.body;
      if (answer.status === 404) await this.#register();
    } catch (error) {
      this.#registered = false;
      this.#log.warn("registration.status.unsaid", { status, error });
    }
    return nobodySaw;
  }

  /** Stops renewing and takes the instance out of the registry; waits for that at most a second. */
  async stop(cause: string): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    const { app, id, incarnation } = this.#record;
    const query = `?incarnation=${incarnation}&cause=${encodeURIComponent(cause)}`;
    const path = `${RegistryPaths.instance(app, id)}${query}`;
    await this.#caller.callAny(this.#options, this.#index, "DELETE", path, undefined, 1_000).catch((error: unknown) => {
      this.#log.warn("registration.delete.unsaid", { error });
    });
    this.#caller.close();
  }

  /** Forgets about the instance without telling the registry: its lease will end. */
  abandon(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#caller.close();
  }

  async #beat(): Promise<void> {
    try {
      if (this.#registered) await this.#renew();
      else await this.#register();
    } catch (error) {
      if (this.#registered) this.#log.warn("registration.lost", { error });
      this.#registered = false;
    }
    if (this.#stopped) return;
    const heartbeatMs = this.#options.heartbeatMs ?? heartbeatDefaultMs;
    // Until a registry has us, nobody can call us: look again soon. Then ±10 %, so that instances spread.
    const delayMs = this.#registered ? heartbeatMs * (0.9 + 0.2 * this.#random.next()) : 200 + this.#random.below(200);
    this.#timer = this.#clock.after(delayMs, () => void this.#beat());
  }

  async #renew(): Promise<void> {
    const { app, id, incarnation, version } = this.#record;
    const body: RenewRequest = { incarnation, version };
    const path = `${RegistryPaths.instance(app, id)}/renew`;
    const answer = await this.#caller.callAny(this.#options, this.#index, "POST", path, body);
    if (answer.index !== this.#index) this.#index = answer.index;
    if (answer.status !== 204) await this.#register();
  }

  async #register(): Promise<void> {
    const path = RegistryPaths.instance(this.#record.app, this.#record.id);
    const answer = await this.#caller.callAny(this.#options, this.#index, "PUT", path, this.#record);
    this.#index = answer.index;
    this.#registered = answer.status === 204;
    if (!this.#registered) this.#log.warn("registration.refused", { status: answer.status, answer: answer.body });
  }
}

/** Takes an instance that cannot do so itself out of the registry, whatever its incarnation. */
export async function deregister(
  clock: Clock,
  access: RegistryAccess,
  app: string,
  id: string,
  cause: string,
): Promise<void> {
  const caller = new RegistryCaller(clock, access.localAddress);
  try {
    const path = `${RegistryPaths.instance(app, id)}?cause=${encodeURIComponent(cause)}`;
    await caller.callAny(access, 0, "DELETE", path, undefined, 1_000);
  } finally {
    caller.close();
  }
}

function isSeen(body: unknown): body is SeenAnswer {
  return typeof body === "object" && body !== null && "complete" in body && "listeners" in body && "seen" in body;
}
