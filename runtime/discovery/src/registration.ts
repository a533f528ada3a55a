import { backoffMs, type Clock, type Log, type Random, type Timer, within } from "@holdfast/kernel";
import {
  type InstanceRecord,
  type InstanceStatus,
  RegistryPaths,
  type RenewRequest,
  type SeenAnswer,
  type StatusChange,
} from "@holdfast/wire";
import { type RegistryAccess, type RegistryAnswer, RegistryCaller } from "./registry-call.ts";

export interface RegistrationOptions extends RegistryAccess {
  /** Time between heartbeats. Default 3 000 ms, a third of the lease. */
  readonly heartbeatMs?: number;
}

/** A heartbeat each three seconds keeps a lease of nine alive over two losses. */
export const heartbeatDefaultMs = 3_000;

/** Until a registry has us nobody can call us: soon again at first, and never more than about once a second. */
const retryBackoff = { initialMs: 200, maxMs: 1_000, factor: 1.5 };
const homeEveryBeats = 10;
/** A process that ends does not wait long for a registry; the lease ends anyway. */
const stopMaxMs = 1_000;
const stopTryMs = 400;

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
  #failures = 0;
  #beats = 0;
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
   * Changes the status and, with `awaitSeenMs`, waits until all callers have seen it, for at most that long and what
   * finding a registry that answers takes. Never throws: with every registry down the answer is "nobody saw".
   */
  async setStatus(status: InstanceStatus, awaitSeenMs = 0): Promise<SeenAnswer> {
    this.#change({ status });
    if (this.#stopped) return nobodySaw;
    try {
      const answer = await this.#sayStatus(status, awaitSeenMs);
      if (answer !== undefined) return answer;
      // A registry that does not know us first learns us, then is asked who has seen the change.
      await this.#register();
      this.#change({});
      return (await this.#sayStatus(status, awaitSeenMs)) ?? nobodySaw;
    } catch (error) {
      this.#registered = false;
      this.#log.warn("registration.status.unsaid", { status, error });
      return nobodySaw;
    }
  }

  /** Stops renewing and takes the instance out of the registry; waits for that at most a second. */
  async stop(cause: string): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    const { app, id, incarnation } = this.#record;
    const query = `?incarnation=${incarnation}&cause=${encodeURIComponent(cause)}`;
    const path = `${RegistryPaths.instance(app, id)}${query}`;
    const said = this.#caller.callAny(this.#options, this.#index, "DELETE", path, undefined, stopTryMs);
    await within(this.#clock, stopMaxMs, "deregistration", said).catch((error: unknown) => {
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

  #change(to: { readonly status?: InstanceStatus }): void {
    this.#record = { ...this.#record, ...to, version: this.#record.version + 1 };
  }

  /** `undefined` when the registry does not know us. */
  async #sayStatus(status: InstanceStatus, awaitSeenMs: number): Promise<SeenAnswer | undefined> {
    const { app, id, incarnation, version } = this.#record;
    const change: StatusChange = { status, incarnation, version, awaitSeenMs };
    const path = `${RegistryPaths.instance(app, id)}/status`;
    const answer = await this.#ask("PUT", path, change, awaitSeenMs + 1_000);
    return answer.status === 200 && isSeen(answer.body) ? answer.body : undefined;
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
    this.#failures = this.#registered ? 0 : this.#failures + 1;
    const heartbeatMs = this.#options.heartbeatMs ?? heartbeatDefaultMs;
    const baseMs = this.#registered ? heartbeatMs : backoffMs(this.#failures, retryBackoff);
    // ±10 %, so that instances that started together do not beat together.
    this.#timer = this.#clock.after(baseMs * (0.9 + 0.2 * this.#random.next()), () => void this.#beat());
  }

  async #renew(): Promise<void> {
    this.#beats += 1;
    // An instance that has moved to another zone's registry looks now and then whether its own is back.
    if (this.#beats % homeEveryBeats === 0) this.#index = 0;
    const { app, id, incarnation, version } = this.#record;
    const body: RenewRequest = { incarnation, version };
    const answer = await this.#ask("POST", `${RegistryPaths.instance(app, id)}/renew`, body);
    if (answer.status !== 204) await this.#register();
  }

  async #register(): Promise<void> {
    const said = this.#record;
    const path = RegistryPaths.instance(said.app, said.id);
    const answer = await this.#ask("PUT", path, said);
    this.#registered = answer.status === 204;
    if (this.#registered) return;
    // Somebody took us out by this very account of us. We are here to say otherwise: with a later one.
    if (answer.status === 409 && this.#record === said) this.#change({});
    this.#log.warn("registration.refused", { instance: said.id, status: answer.status, answer: answer.body });
  }

  async #ask(method: string, path: string, body: unknown, timeoutMs?: number): Promise<RegistryAnswer> {
    const answer = await this.#caller.callAny(this.#options, this.#index, method, path, body, timeoutMs);
    this.#index = answer.index;
    return answer;
  }
}

function isSeen(body: unknown): body is SeenAnswer {
  return typeof body === "object" && body !== null && "complete" in body && "listeners" in body && "seen" in body;
}
