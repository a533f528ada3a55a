import { type Clock, type Log, type Random, type Timer, within } from "@holdfast/kernel";
import type { InstanceRecord, InstanceStatus, OverrideRequest, SeenAnswer } from "@holdfast/wire";
import type { RegistryAccess, RegistryKind } from "./access.ts";
import { BeatSchedule } from "./beat-schedule.ts";
import { nobodySaw, type RegisterAnswer } from "./door.ts";
import { Doors } from "./doors.ts";

/** Who keeps an instance out of service, and why. */
export type OverrideWord = Pick<OverrideRequest, "by" | "reason">;

export interface RegistrationOptions extends RegistryAccess {
  /** Time between heartbeats. Default 3 000 ms, a third of the lease; at an Eureka server 30 000 ms, as there. */
  readonly heartbeatMs?: number;
  /**
   * Callers are not to choose it from its first registration on: nobody is told `UP` before this override stands. Said
   * once in the life of this object; who takes it back is obeyed.
   */
  readonly outOfService?: OverrideWord;
  /** Called once when a later start of the same id is there: this process has stopped claiming it. */
  readonly onSuperseded?: (incarnation: number) => void;
}

export type RegistrationState =
  | { readonly kind: "idle" }
  /** No registry has the present record, or none answers. */
  | { readonly kind: "trying" }
  | { readonly kind: "registered"; readonly via: RegistryKind }
  /** A later start claims this id. Wall time. */
  | { readonly kind: "superseded"; readonly incarnation: number; readonly sinceMs: number }
  | { readonly kind: "stopped" };

/** A heartbeat each three seconds keeps a lease of nine alive over two losses. */
export const heartbeatDefaultMs = 3_000;
/** Eureka's own; its self-preservation counts on it. */
const eurekaHeartbeatMs = 30_000;
const homeEveryBeats = 10;
const stopMaxMs = 1_000;
const beatEndMs = 400;
/** A clock is set back by hours at most; two starts a day apart are told apart by the registry's ten minutes. */
const insistMaxMs = 24 * 3_600_000;
/** How often one that was superseded looks whether the other is still there, and how often that must not be. */
const supersededLookMs = 30_000;
const goneLooks = 2;

/**
 * Keeps one instance in the registry: registers, renews, changes status, deregisters. Registries that are down do not
 * make any call fail; the next heartbeat tries the next one.
 */
export class Registration {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #options: RegistrationOptions;
  readonly #doors: Doors;
  readonly #schedule: BeatSchedule;
  #record: InstanceRecord;
  /** Still to be said; `undefined` once it stands. */
  #outOfService: OverrideWord | undefined;
  #state: RegistrationState = { kind: "idle" };
  #beats = 0;
  /** The last refusal, so that the same one is logged once. */
  /** In a row, by a later account that nobody holds any more. */
  #refusals = 0;
  #refusal = "";
  /** Looks in a row at which the one that superseded us was gone. */
  #gone = 0;
  #beating: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;

  /** @throws OptionError `OPTION_INVALID` for a registry whose URL cannot be used. */
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
    this.#doors = new Doors(clock, options, options.heartbeatMs ?? eurekaHeartbeatMs);
    this.#schedule = new BeatSchedule(random);
    this.#record = { ...record, version: 1 };
    this.#outOfService = options.outOfService;
  }

  get record(): InstanceRecord {
    return this.#record;
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** True once a registry has accepted the present record. */
  get registered(): boolean {
    return this.#state.kind === "registered";
  }

  /** Registers now and renews from then on; resolves after the first try, whether or not a registry answered. */
  async start(): Promise<void> {
    if (this.#state.kind !== "idle") return;
    this.#state = { kind: "trying" };
    await this.#beat();
  }

  /**
   * Changes the status and, with `awaitSeenMs`, waits until all callers have seen it, for at most that long and what
   * finding a registry that answers takes. Never throws: with every registry down, and wherever nobody can tell, the
   * answer is "nobody saw".
   */
  async setStatus(status: InstanceStatus, awaitSeenMs = 0): Promise<SeenAnswer> {
    this.#change({ status });
    if (!this.#isClaiming) return nobodySaw;
    try {
      if (this.#outOfService !== undefined && !(await this.#holdBack(this.#outOfService))) return nobodySaw;
      const answer = await this.#doors.ask((door) => door.setStatus(this.#record, awaitSeenMs));
      if (answer !== undefined) return answer;
      // A registry that does not know us first learns us, then is asked who has seen the change.
      await this.#register();
      if (!this.registered) return nobodySaw;
      this.#change({});
      return (await this.#doors.ask((door) => door.setStatus(this.#record, awaitSeenMs))) ?? nobodySaw;
    } catch (error) {
      this.#turnTrying();
      this.#log.warn("registration.status.unsaid", { status, error });
      return nobodySaw;
    }
  }

  /** Stops renewing and takes the instance out of the registry; waits for that at most a second. */
  async stop(cause: string): Promise<void> {
    if (this.#state.kind === "stopped") return;
    const { kind } = this.#state;
    this.#end();
    // What another one claims now is not ours to take out.
    const mayBeThere = kind === "registered" || kind === "trying";
    const said = mayBeThere ? this.#deregister(cause) : Promise.resolve();
    await within(this.#clock, stopMaxMs, "deregistration", said).catch((error: unknown) => {
      this.#log.warn("registration.delete.unsaid", { error });
    });
    this.#doors.close();
  }

  /** Forgets about the instance without telling the registry: its lease will end. */
  abandon(): void {
    this.#end();
    this.#doors.close();
  }

  get #isClaiming(): boolean {
    return this.#state.kind === "registered" || this.#state.kind === "trying";
  }

  #end(): void {
    this.#state = { kind: "stopped" };
    this.#timer?.cancel();
  }

  async #deregister(cause: string): Promise<void> {
    // Eureka knows no removal for good: a registration still under way would bring us back.
    if (this.#doors.kind === "eureka") {
      await within(this.#clock, beatEndMs, "the last beat", this.#beating).catch(() => {});
    }
    await this.#doors.ask((door) => door.deregister(this.#record, cause));
  }

  #change(to: { readonly status?: InstanceStatus; readonly incarnation?: number }): void {
    this.#record = { ...this.#record, ...to, version: this.#record.version + 1 };
  }

  #beat(): Promise<void> {
    this.#beating = this.#beatOnce();
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    try {
      if (this.#state.kind === "registered") await this.#renew();
      else await this.#register();
    } catch (error) {
      if (this.#state.kind === "registered") this.#log.warn("registration.lost", { error });
      this.#turnTrying();
    }
    if (!this.#isClaiming) return;
    const atEureka = this.#doors.kind === "eureka";
    const heartbeatMs = this.#options.heartbeatMs ?? (atEureka ? eurekaHeartbeatMs : heartbeatDefaultMs);
    const afterMs = this.#schedule.nextMs(this.registered, heartbeatMs);
    this.#timer?.cancel();
    this.#timer = this.#clock.after(afterMs, () => void this.#beat());
  }

  async #renew(): Promise<void> {
    this.#beats += 1;
    // An instance that has moved to another zone's registry looks now and then whether its own is back.
    if (this.#beats % homeEveryBeats === 0) this.#doors.goHome();
    const said = this.#record;
    const answer = await this.#doors.ask((door) => door.renew(said));
    if (answer === "renewed" || !this.#isClaiming) return;
    // Evicted while we were frozen or cut off, or the registry is a new one: the same identity, with a later account.
    if (this.#record === said) this.#change({});
    await this.#register();
  }

  /** Registers as one that is starting and says that nobody is to choose it. False when that could not be said yet. */
  async #holdBack(word: OverrideWord): Promise<boolean> {
    const said = this.#record;
    const starting = { ...said, status: "STARTING" } as const;
    const answer = await this.#doors.ask((door) => door.register(starting));
    if (!this.#isClaiming) return false;
    if (answer.kind !== "accepted") {
      await this.#refused(said, answer);
      return false;
    }
    if (!(await this.#doors.ask((door) => door.outOfService(starting, word)))) {
      this.#turnTrying();
      return false;
    }
    this.#outOfService = undefined;
    // What was called STARTING is told by its true name with a later account.
    this.#change({});
    return this.#isClaiming;
  }

  async #register(): Promise<void> {
    if (this.#outOfService !== undefined && !(await this.#holdBack(this.#outOfService))) return;
    const said = this.#record;
    const answer = await this.#doors.ask((door) => door.register(said));
    if (!this.#isClaiming) return;
    if (answer.kind !== "accepted") return this.#refused(said, answer);
    this.#refusal = "";
    this.#refusals = 0;
    this.#state = { kind: "registered", via: this.#doors.kind };
  }

  async #refused(said: InstanceRecord, answer: Exclude<RegisterAnswer, { kind: "accepted" }>): Promise<void> {
    this.#turnTrying();
    if (answer.kind === "older") {
      const holder = await this.#doors.ask((door) => door.holder(said));
      if (!this.#isClaiming) return;
      if (holder !== undefined && holder > this.#record.incarnation) return this.#giveUp(holder);
      if (this.#record === said) this.#insist(holder);
    }
    const refusal = JSON.stringify(answer);
    if (refusal !== this.#refusal) this.#log.warn("registration.refused", { instance: said.id, answer });
    this.#refusal = refusal;
  }

  /**
   * Somebody took us out by this very account of us: we are here to say otherwise, with a later one. When that is refused
   * again and nobody holds the id, its last holder ended for good with a clock ahead of ours: twice as far each time,
   * until we are past it.
   */
  #insist(holder: number | undefined): void {
    this.#refusals += 1;
    if (holder !== undefined || this.#refusals < 3) return this.#change({});
    const aheadMs = Math.min(insistMaxMs, 1_000 * 2 ** (this.#refusals - 3));
    this.#change({ incarnation: this.#record.incarnation + aheadMs });
  }

  #turnTrying(): void {
    if (this.#isClaiming) this.#state = { kind: "trying" };
  }

  /** Two that claim one id would take it from each other for ever: the earlier start stops. */
  #giveUp(incarnation: number): void {
    this.#timer?.cancel();
    this.#gone = 0;
    this.#state = { kind: "superseded", incarnation, sinceMs: this.#clock.wallMs() };
    const { app, id } = this.#record;
    this.#log.error("registration.superseded", {
      app,
      instance: id,
      ours: this.#record.incarnation,
      theirs: incarnation,
    });
    this.#lookLater();
    this.#options.onSuperseded?.(incarnation);
  }

  #lookLater(): void {
    this.#timer = this.#clock.after(supersededLookMs * (0.9 + 0.2 * this.#random.next()), () => void this.#look());
  }

  /**
   * Starts are ordered by their machines' wall clocks, so the later one may be long dead and its clock merely ahead: when
   * nobody has held the id for two looks, it is ours again.
   */
  async #look(): Promise<void> {
    const state = this.#state;
    if (state.kind !== "superseded") return;
    try {
      const holder = await this.#doors.ask((door) => door.holder(this.#record));
      this.#gone = holder === undefined ? this.#gone + 1 : 0;
    } catch {
      // Nobody can say.
    }
    if (this.#state !== state) return;
    if (this.#gone < goneLooks) return this.#lookLater();
    // Others may have come and gone between two looks: their ends are remembered, and only a still later start counts.
    this.#change({ incarnation: Math.max(state.incarnation + 1, Math.round(this.#clock.wallMs())) });
    this.#log.info("registration.claimed-again", { app: this.#record.app, instance: this.#record.id });
    this.#state = { kind: "trying" };
    await this.#beat();
  }
}
