import { type Clock, type Log, messageOf, numberBetween, type Random, type Timer } from "@holdfast/kernel";
import type { PublishSender } from "../atlas/publish-sender.ts";
import type { Tags } from "../meters/tags.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";
import { otlpMetrics } from "./otlp-metrics.ts";

export interface OtlpExporterOptions {
  /** Who says so: `service.name`, `service.instance.id` … */
  readonly resource: Tags;
  /** Default 60 000 ms (`OTEL_METRIC_EXPORT_INTERVAL`'s). */
  readonly everyMs?: number;
}

/**
 * Sends all meters of a registry to an OpenTelemetry collector by OTLP/HTTP in JSON, for those who have one; `send` is a
 * `httpPublishSender` for `…/v1/metrics`. Counts are cumulative, so an export that fails loses nothing but its moment: it is
 * said once in the log, and the next one comes at its time.
 */
export class OtlpExporter {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #meters: MeterRegistry;
  readonly #send: PublishSender;
  readonly #resource: Tags;
  readonly #everyMs: number;
  readonly #startedAtMs: number;
  #timer: Timer | undefined;
  #isFailing = false;

  /** @throws OptionError when `everyMs` is below 1 000. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    meters: MeterRegistry,
    send: PublishSender,
    { resource, everyMs = 60_000 }: OtlpExporterOptions,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#meters = meters;
    this.#send = send;
    this.#resource = resource;
    this.#everyMs = numberBetween("everyMs", everyMs, 1_000, 86_400_000);
    this.#startedAtMs = clock.wallMs();
  }

  /** The first export comes after a part of the interval, by chance. Holds the process up until {@link stop}. */
  start(): void {
    this.#timer ??= this.#clock.after(this.#everyMs * this.#random.next(), () => this.#again());
  }

  /** Exports once more, and waits for that. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    await this.export();
  }

  /** Exports now; a failure is logged, not thrown. */
  async export(): Promise<void> {
    const nowMs = this.#clock.wallMs();
    const scope = { startedAtMs: this.#startedAtMs, nowMs, resource: this.#resource };
    const body = otlpMetrics(this.#meters.snapshot(this.#clock.monotonicMs()), scope);
    const failure = await this.#send(JSON.stringify(body)).then(
      ({ status }) => (status >= 200 && status < 300 ? undefined : `answered ${status}`),
      messageOf,
    );
    if (failure !== undefined && !this.#isFailing) this.#log.warn("metrics.otlp.failed", { reason: failure });
    this.#isFailing = failure !== undefined;
  }

  #again(): void {
    this.#timer = this.#clock.after(this.#everyMs, () => this.#again());
    void this.export();
  }
}
