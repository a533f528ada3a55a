import {
  type Clock,
  type Log,
  messageOf,
  PlatformError,
  parseDurationMs,
  type Random,
  type Timer,
  type Zone,
} from "@holdfast/kernel";
import type { FaultEngine, NetworkFault } from "@holdfast/wire";
import type { AddFault, FaultsView, FaultView } from "@holdfast/wire/control";
import type { Isolation } from "../stack/isolation.ts";
import { type Aim, aimOf, cutsAll, type FaultTarget, reachOf } from "./fault-pairs.ts";

/** The engine ends a fault that is not renewed for so long: what is left when control dies. */
const leaseMs = 4_500;
/** Renewed so often; where instances have moved meanwhile, it follows them. */
const renewEveryMs = 1_500;
const lookEveryMs = 250;
const forMsMax = 12 * 3_600_000;
const holdMsMax = 60_000;
const faultsMax = 100;

export interface FaultHouseParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly mode: Isolation;
  readonly zones: readonly Zone[];
  readonly engine: FaultEngine;
  readonly instances: () => readonly FaultTarget[];
  /** Puts a line into the diary. */
  readonly remark: (cause: string) => void;
}

interface Held {
  readonly id: string;
  readonly request: AddFault;
  readonly actor: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly holdMs: number | undefined;
  heldUntilMs: number;
  renewAtMs: number;
  aim: Aim;
  problem: string;
}

/**
 * The faults of a stack: who asked for them, until when, and what of them is in force. Every fault ends by itself: at its time,
 * when its holder no longer renews it, and within five seconds of control's death.
 */
export class FaultHouse {
  readonly #parts: FaultHouseParts;
  readonly #held = new Map<string, Held>();
  readonly #timer: Timer;
  #working: Promise<void> | undefined;

  constructor(parts: FaultHouseParts) {
    this.#parts = parts;
    this.#timer = parts.clock.every(lookEveryMs, () => void this.look());
  }

  /**
   * Puts a fault in force.
   *
   * @throws PlatformError `FAULT_INVALID`, `FAULT_PLACE_UNKNOWN`, `FAULT_TOO_LONG`, `FAULT_WOULD_CUT_ALL`, `FAULT_UNSUPPORTED`.
   */
  async add(request: AddFault, actor: string): Promise<FaultView> {
    const { clock, random, engine, zones } = this.#parts;
    const forMs = within("for", request.for, forMsMax);
    const holdMs = request.hold === undefined ? undefined : within("hold", request.hold, holdMsMax);
    if (this.#held.size >= faultsMax)
      throw refused("FAULTS_TOO_MANY", `${faultsMax} faults are in force`, "holdfast fault clear", 409);
    const aim = this.#aim(request);
    if (request.kind === "partition" && !request.force && cutsAll(aim.pairs, zones)) {
      const next = "name fewer places, or say it twice: --force";
      throw refused("FAULT_WOULD_CUT_ALL", "no zone would reach another one any more", next, 409);
    }
    const nowMs = clock.wallMs();
    const held: Held = {
      id: `${request.kind}-${random.hex(3)}`,
      request,
      actor,
      sinceMs: nowMs,
      untilMs: nowMs + forMs,
      holdMs,
      heldUntilMs: nowMs + (holdMs ?? Number.POSITIVE_INFINITY),
      renewAtMs: nowMs + renewEveryMs,
      aim,
      problem: "",
    };
    await engine.apply(faultOf(held), Math.min(leaseMs, forMs));
    this.#held.set(held.id, held);
    const reason = request.reason === "" ? "" : `: ${request.reason}`;
    this.#parts.remark(
      `fault ${held.id} by ${actor}: ${sentenceOf(held)}, for ${Math.round(forMs / 1_000)} s${reason}`,
    );
    return viewOf(held, 0, zones);
  }

  /** Its holder lives. @throws PlatformError `FAULT_UNKNOWN`. */
  renew(id: string): FaultView {
    const held = this.#get(id);
    if (held.holdMs !== undefined) held.heldUntilMs = this.#parts.clock.wallMs() + held.holdMs;
    return viewOf(held, 0, this.#parts.zones);
  }

  /** Ends a fault. @throws PlatformError `FAULT_UNKNOWN`. */
  async clear(id: string, actor: string): Promise<void> {
    await this.#end(this.#get(id), `cleared by ${actor}`);
  }

  async view(): Promise<FaultsView> {
    const { engine, mode, zones } = this.#parts;
    const [states, support] = await Promise.all([engine.list(), engine.support()]);
    const met = new Map(states.map(({ id, packets }) => [id, packets]));
    const faults = Array.from(this.#held.values(), (held) => viewOf(held, met.get(held.id) ?? 0, zones));
    return { mode, faults, support: [...support] };
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    for (const held of this.#held.values()) await this.#end(held, "control ends").catch(() => {});
  }

  /** Ends what is over and renews the rest. */
  look(): Promise<void> {
    this.#working ??= this.#look().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #look(): Promise<void> {
    const nowMs = this.#parts.clock.wallMs();
    for (const held of this.#held.values()) {
      try {
        if (held.untilMs <= nowMs) await this.#end(held, "its time is over");
        else if (held.heldUntilMs <= nowMs) await this.#end(held, "nobody renewed it");
        else if (held.renewAtMs <= nowMs) await this.#renew(held, nowMs);
      } catch (error) {
        held.problem = messageOf(error);
        this.#parts.log.warn("fault.not-kept", { fault: held.id, error });
      }
    }
  }

  async #renew(held: Held, nowMs: number): Promise<void> {
    held.renewAtMs = nowMs + renewEveryMs;
    try {
      held.aim = this.#aim(held.request);
    } catch {
      // All it was aimed at is gone for now: where they were is where it stays.
    }
    await this.#parts.engine.apply(faultOf(held), Math.max(100, Math.min(leaseMs, held.untilMs - nowMs)));
    held.problem = "";
  }

  async #end(held: Held, why: string): Promise<void> {
    this.#held.delete(held.id);
    this.#parts.remark(`fault ${held.id} is over: ${why}`);
    await this.#parts.engine.clear(held.id);
  }

  #aim(request: AddFault): Aim {
    return aimOf(request, this.#parts.zones, this.#parts.instances());
  }

  #get(id: string): Held {
    const held = this.#held.get(id);
    if (held !== undefined) return held;
    throw refused("FAULT_UNKNOWN", `${id}: no fault of that id is in force`, "holdfast fault list", 404);
  }
}

function faultOf({ id, request, aim }: Held): NetworkFault {
  const { kind, lossPercent, delay, bitsPerSecond } = request;
  return {
    id,
    kind,
    pairs: aim.pairs,
    ...(lossPercent === undefined ? {} : { lossPercent }),
    ...(delay === undefined ? {} : { delayMs: parseDurationMs(delay) ?? 0 }),
    ...(bitsPerSecond === undefined ? {} : { bitsPerSecond }),
  };
}

function sentenceOf({ request, aim }: Held): string {
  switch (request.kind) {
    case "partition":
      return `partition: ${aim.what}`;
    case "refuse":
      return `connections refused: ${aim.what}`;
    case "loss":
      return `${request.lossPercent ?? 0} % of packets lost: ${aim.what}`;
    case "delay":
      return `${parseDurationMs(request.delay ?? 0) ?? 0} ms later: ${aim.what}`;
    case "bandwidth":
      return `at most ${(request.bitsPerSecond ?? 0) / 1e6} Mbit/s: ${aim.what}`;
    default:
      return request.kind satisfies never;
  }
}

function viewOf(held: Held, packets: number, zones: readonly Zone[]): FaultView {
  const { request } = held;
  const at = (ms: number): string => new Date(ms).toISOString();
  return {
    id: held.id,
    kind: request.kind,
    what: sentenceOf(held),
    lossPercent: request.lossPercent ?? null,
    delayMs: request.delay === undefined ? null : (parseDurationMs(request.delay) ?? null),
    bitsPerSecond: request.bitsPerSecond ?? null,
    since: at(held.sinceMs),
    until: at(held.untilMs),
    heldUntil: held.holdMs === undefined ? null : at(held.heldUntilMs),
    actor: held.actor,
    reason: request.reason,
    pairs: held.aim.pairs.length,
    reach: reachOf(held.aim.pairs, zones),
    packets,
    problem: held.problem,
  };
}

function within(name: string, text: string | number, mostMs: number): number {
  const ms = parseDurationMs(text) ?? Number.NaN;
  if (ms >= 100 && ms <= mostMs) return ms;
  throw refused(
    "FAULT_TOO_LONG",
    `${name}: must be from 100 ms to ${mostMs / 1_000} s, got ${text}`,
    "a shorter time",
    400,
  );
}

function refused(code: string, message: string, next: string, status: number): PlatformError {
  return new PlatformError(code, message, { next, status });
}
