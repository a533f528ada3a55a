import { type Clock, type Log, messageOf, OptionError, type Random, type Timer } from "@holdfast/kernel";
import type { Meter } from "../meters/meter.ts";
import type { Tags } from "../meters/tags.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { type Measurement, publishBody } from "./measurement.ts";
import type { PublishAnswer, PublishSender } from "./publish-sender.ts";
import { type StepValues, stepValuesOf } from "./step-values.ts";

export interface AtlasPublisherOptions {
  /** A whole number of seconds that a day is a multiple of. Default 60 000 ms. */
  readonly stepMs?: number;
  /** Tags of every measurement: application, cluster, region, zone, instance. Default none. */
  readonly commonTags?: Tags;
  /** Measurements in one body. Default 10 000 (Atlas' `batchSize`). */
  readonly batchSize?: number;
}

const dayMs = 86_400_000;
/** Sent after 10 to 90 % of a step, each process at its own moment, so that a fleet does not come all at once. */
const spreadFrom = 0.1;
const spreadOver = 0.8;
const triesMax = 3;
const pauseMs = 500;
/** A process that ends does not wait longer than this for its last values to be taken. */
const lastSendMs = 2_000;

/**
 * Publishes the meters of a registry to Atlas: at the end of each step (on the minute) it takes what happened in it, and sends
 * that a while later. One publisher a registry: maxima are taken once.
 *
 * A batch without an answer or with 429 or 5xx is sent again, at most three times and never beyond the next step: a second
 * copy of a measurement has the same series, time and value and changes nothing. What cannot be brought over is dropped and
 * counted in `spectator.measurements` (`id=dropped`), never kept: bounded loss, bounded memory.
 */
export class AtlasPublisher {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #meters: MeterRegistry;
  readonly #send: PublishSender;
  readonly #stepMs: number;
  readonly #common: Tags;
  readonly #batchSize: number;
  readonly #offsetMs: number;
  readonly #values = new WeakMap<Meter, StepValues>();
  /** Reasons that were logged; each is once. */
  readonly #complaints = new Set<string>();
  #takenAtMs = 0;
  #timer: Timer | undefined;
  #sendTimer: Timer | undefined;
  #waiting: readonly Measurement[] = [];

  /** @throws OptionError when the step does not divide a day. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    meters: MeterRegistry,
    send: PublishSender,
    options: AtlasPublisherOptions = {},
  ) {
    const { stepMs = 60_000, commonTags = {}, batchSize = 10_000 } = options;
    if (!(stepMs >= 1_000) || dayMs % stepMs !== 0 || stepMs % 1_000 !== 0) {
      throw new OptionError("stepMs", "whole seconds that divide a day", stepMs);
    }
    this.#clock = clock;
    this.#log = log;
    this.#meters = meters;
    this.#send = send;
    this.#stepMs = stepMs;
    this.#common = commonTags;
    this.#batchSize = batchSize;
    this.#offsetMs = stepMs * (spreadFrom + spreadOver * random.next());
  }

  /** What happened before is not published. Holds the process up until {@link stop}. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#takenAtMs = Math.floor(this.#clock.wallMs() / this.#stepMs) * this.#stepMs;
    this.#take(this.#takenAtMs, undefined);
    this.#await();
  }

  /** Sends what has happened since the last step, as that of the step under way, and waits for it at most 2 s. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#sendTimer?.cancel();
    const last = [...this.#waiting, ...this.#collect(this.#takenAtMs + this.#stepMs)];
    this.#waiting = [];
    const done = new AbortController();
    const limit = this.#clock.sleep(lastSendMs, done.signal).catch(() => {});
    await Promise.race([this.#sendAll(last, this.#clock.monotonicMs() + lastSendMs), limit]);
    done.abort();
  }

  #await(): void {
    const nowMs = this.#clock.wallMs();
    const boundaryMs = (Math.floor(nowMs / this.#stepMs) + 1) * this.#stepMs;
    this.#timer = this.#clock.after(boundaryMs - nowMs, () => this.#endStep(boundaryMs));
  }

  #endStep(dueMs: number): void {
    // A process that was stopped for a while comes late: its values are those of the last step that is over.
    const latestMs = Math.floor(this.#clock.wallMs() / this.#stepMs) * this.#stepMs;
    const measurements = this.#collect(Math.max(dueMs, latestMs));
    if (this.#waiting.length > 0) this.#dropped(this.#waiting.length, "late", "the step before was not sent in time");
    this.#waiting = measurements;
    this.#await();
    this.#sendTimer?.cancel();
    const giveUpAtMs = this.#clock.monotonicMs() + this.#stepMs;
    this.#sendTimer = this.#clock.after(this.#offsetMs, () => {
      const batch = this.#waiting;
      this.#waiting = [];
      void this.#sendAll(batch, giveUpAtMs);
    });
  }

  #collect(timestamp: number): Measurement[] {
    const measurements: Measurement[] = [];
    this.#take(timestamp, (tags, value) => measurements.push({ tags, timestamp, value }));
    return measurements;
  }

  #take(timestamp: number, emit: ((tags: Tags, value: number) => void) | undefined): void {
    const seconds = Math.max(this.#stepMs, timestamp - this.#takenAtMs) / 1_000;
    this.#takenAtMs = timestamp;
    this.#meters.read(this.#clock.monotonicMs(), (name, tags, meter) => {
      let values = this.#values.get(meter);
      if (values === undefined) {
        values = stepValuesOf(name, tags, meter);
        if (values === undefined) return;
        this.#values.set(meter, values);
      }
      values.take(seconds, emit);
    });
  }

  async #sendAll(measurements: readonly Measurement[], giveUpAtMs: number): Promise<void> {
    for (let from = 0; from < measurements.length; from += this.#batchSize) {
      const batch = measurements.slice(from, from + this.#batchSize);
      await this.#sendBatch(batch, publishBody(this.#common, batch), giveUpAtMs);
    }
  }

  async #sendBatch(batch: readonly Measurement[], body: string, giveUpAtMs: number): Promise<void> {
    let failure = "";
    for (let attempt = 0; attempt < triesMax; attempt++) {
      const waitMs = attempt === 0 ? 0 : pauseMs * 2 ** attempt;
      if (this.#clock.monotonicMs() + waitMs >= giveUpAtMs) break;
      if (waitMs > 0) await this.#clock.sleep(waitMs);
      try {
        const answer = await this.#send(body);
        if (answer.status !== 429 && answer.status < 500) return this.#answered(batch.length, answer);
        failure = `answered ${answer.status}`;
      } catch (error) {
        failure = messageOf(error);
      }
    }
    this.#dropped(batch.length, "http-error", failure);
  }

  /** 200: all taken; 202: some refused; 400: all refused, or the body was no good. */
  #answered(count: number, { status, body }: PublishAnswer): void {
    const { errorCount, message } = refusals(body);
    const refused = status === 200 ? 0 : Math.min(count, errorCount ?? (status === 202 ? 0 : count));
    if (refused > 0) {
      const kind = errorCount === undefined ? "other" : "validation";
      this.#dropped(refused, kind, message ?? `answered ${status}`);
    }
    this.#meters.counter("spectator.measurements", { id: "sent" }).increment(count - refused);
  }

  #dropped(count: number, error: string, reason: string): void {
    this.#meters.counter("spectator.measurements", { id: "dropped", error }).increment(count);
    if (this.#complaints.has(error)) return;
    this.#complaints.add(error);
    this.#log.warn("metrics.publish.dropped", { count, error, reason });
  }
}

/** Atlas' `{"type","errorCount","message":[…]}`, if it is that. */
function refusals(body: string): { errorCount?: number; message?: string } {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return {};
    const count = "errorCount" in parsed && typeof parsed.errorCount === "number" ? parsed.errorCount : undefined;
    const messages = "message" in parsed && Array.isArray(parsed.message) ? parsed.message : undefined;
    return {
      ...(count === undefined ? {} : { errorCount: count }),
      ...(messages === undefined ? {} : { message: messages.join("; ") }),
    };
  } catch {
    return {};
  }
}
