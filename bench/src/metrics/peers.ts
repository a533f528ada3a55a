import { createRequire } from "node:module";
import { join } from "node:path";

/** What is used of the peers, which are installed beside (`bench/peers`) and typed here. */
const load = createRequire(join(import.meta.dirname, "../../peers/package.json"));

interface PromCounter {
  labels(values: Readonly<Record<string, string>>): { inc(): void };
  inc(values: Readonly<Record<string, string>>): void;
  get(): Promise<{ readonly values: readonly { readonly value: number }[] }>;
}

interface PromHistogram {
  labels(values: Readonly<Record<string, string>>): { observe(value: number): void };
  get(): Promise<{ readonly values: readonly { readonly value: number; readonly metricName?: string }[] }>;
}

interface PromOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly buckets?: readonly number[];
}

export interface PromClient {
  readonly Counter: new (options: PromOptions) => PromCounter;
  readonly Histogram: new (options: PromOptions) => PromHistogram;
}

export interface SpectatorRegistry {
  counter(name: string, tags: Readonly<Record<string, string>>): { increment(): void; readonly count: number };
  timer(name: string, tags: Readonly<Record<string, string>>): { record(s: number): void; readonly count: number };
  percentileTimer(
    name: string,
    tags: Readonly<Record<string, string>>,
  ): { record(seconds: number): void; readonly count: number };
}

interface OtelMeter {
  createCounter(name: string): { add(value: number, attributes: Readonly<Record<string, string>>): void };
}

export interface OtelMetrics {
  readonly MeterProvider: new (options: {
    readonly readers: readonly object[];
  }) => {
    getMeter(name: string): OtelMeter;
  };
  readonly MetricReader: new () => {
    collect(): Promise<{
      readonly resourceMetrics: {
        readonly scopeMetrics: readonly {
          readonly metrics: readonly { readonly dataPoints: readonly { readonly value: number }[] }[];
        }[];
      };
    }>;
  };
}

export function promClient(): PromClient {
  return load("prom-client") as PromClient;
}

export function spectatorRegistry(): SpectatorRegistry {
  const { Registry } = load("nflx-spectator") as { readonly Registry: new (config: object) => SpectatorRegistry };
  return new Registry({});
}

export function otelMetrics(): OtelMetrics {
  return load("@opentelemetry/sdk-metrics") as OtelMetrics;
}
