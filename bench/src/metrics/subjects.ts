import { IpcServerMeters, MeterRegistry } from "@holdfast/metrics";
import { otelMetrics, promClient, spectatorRegistry } from "./peers.ts";

/** One way to record; `count` is how many its meters say there were. */
export interface Subject {
  /** Records so many, by turns over {@link series} series. */
  readonly record: (times: number) => void;
  readonly count: () => number | Promise<number>;
}

export const series = 100;
const numbers = Array.from({ length: series }, (_, i) => i);
const zones = Array.from({ length: 10 }, (_, i) => `zone-${i}`);
const endpoints = Array.from({ length: 10 }, (_, i) => `/endpoint-${i}`);
type Tags = Readonly<Record<string, string>>;

/** A new object each time, as a caller writes it. */
function tagsOf(i: number): Tags {
  return { method: "GET", status: "2xx", zone: zones[i % 10] ?? "", endpoint: endpoints[Math.floor(i / 10)] ?? "" };
}

/** From 0.02 to 150 ms, most of them in between. */
const durations = Float64Array.from({ length: 1_000 }, (_, i) => Math.exp(Math.sin(i * 12.9898) * 4 + 1));

function turns<T>(meters: readonly T[], use: (meter: T) => void): (times: number) => void {
  return (times) => {
    for (let i = 0, at = 0; i < times; i++) {
      const meter = meters[at];
      if (meter !== undefined) use(meter);
      if (++at === series) at = 0;
    }
  };
}

function timed<T>(meters: readonly T[], use: (meter: T, ms: number) => void): (times: number) => void {
  return (times) => {
    for (let i = 0, at = 0, next = 0; i < times; i++) {
      const meter = meters[at];
      if (meter !== undefined) use(meter, durations[next] ?? 0);
      if (++at === series) at = 0;
      if (++next === durations.length) next = 0;
    }
  };
}

function lookups(use: (tags: Tags) => void): (times: number) => void {
  return (times) => {
    for (let i = 0, at = 0; i < times; i++) {
      use(tagsOf(at));
      if (++at === series) at = 0;
    }
  };
}

function sum(meters: readonly { readonly count: number }[]): () => number {
  return () => meters.reduce((total, { count }) => total + count, 0);
}

const prom = { name: "bench", help: "bench", labelNames: ["method", "status", "zone", "endpoint"] };

/** Named `<what>-<whose>`. */
export const subjects: Readonly<Record<string, () => Subject>> = {
  "counter-ours": () => {
    const meters = new MeterRegistry();
    const counters = numbers.map((i) => meters.counter("bench", tagsOf(i)));
    return { record: turns(counters, (counter) => counter.increment()), count: sum(counters) };
  },
  "counter-prom": () => {
    const counter = new (promClient().Counter)(prom);
    const children = numbers.map((i) => counter.labels(tagsOf(i)));
    return { record: turns(children, (child) => child.inc()), count: promCount(counter) };
  },
  "counter-spectator": () => {
    const registry = spectatorRegistry();
    const counters = numbers.map((i) => registry.counter("bench", tagsOf(i)));
    return { record: turns(counters, (counter) => counter.increment()), count: sum(counters) };
  },
  "lookup-ours": () => {
    const meters = new MeterRegistry();
    const record = lookups((tags) => meters.counter("bench", tags).increment());
    return { record, count: sum(numbers.map((i) => meters.counter("bench", tagsOf(i)))) };
  },
  "lookup-frozen": () => {
    const meters = new MeterRegistry();
    const frozen = numbers.map((i) => Object.freeze({ ...tagsOf(i) }));
    const record = turns(frozen, (tags) => meters.counter("bench", tags).increment());
    return { record, count: sum(frozen.map((tags) => meters.counter("bench", tags))) };
  },
  "lookup-prom": () => {
    const counter = new (promClient().Counter)(prom);
    return { record: lookups((tags) => counter.inc(tags)), count: promCount(counter) };
  },
  "lookup-otel": otel,
  "lookup-spectator": () => {
    const registry = spectatorRegistry();
    const record = lookups((tags) => registry.counter("bench", tags).increment());
    return { record, count: sum(numbers.map((i) => registry.counter("bench", tagsOf(i)))) };
  },
  "timer-ours": () => {
    const meters = new MeterRegistry();
    const timers = numbers.map((i) => meters.timer("bench", tagsOf(i)));
    return { record: timed(timers, (timer, ms) => timer.record(ms)), count: sum(timers) };
  },
  "timer-prom": () => {
    const buckets = Array.from({ length: 20 }, (_, i) => 0.0001 * 2 ** i);
    const histogram = new (promClient().Histogram)({ ...prom, buckets });
    const children = numbers.map((i) => histogram.labels(tagsOf(i)));
    const count = async (): Promise<number> => {
      const { values } = await histogram.get();
      return values.reduce((total, one) => total + (one.metricName === "bench_count" ? one.value : 0), 0);
    };
    return { record: timed(children, (child, ms) => child.observe(ms / 1_000)), count };
  },
  "timer-spectator": () => {
    const registry = spectatorRegistry();
    const timers = numbers.map((i) => registry.timer("bench", tagsOf(i)));
    return { record: timed(timers, (timer, ms) => timer.record(ms / 1_000)), count: sum(timers) };
  },
  "percentile-ours": () => {
    const meters = new MeterRegistry();
    const timers = numbers.map((i) => meters.percentileTimer("bench", tagsOf(i)));
    return { record: timed(timers, (timer, ms) => timer.record(ms)), count: sum(timers) };
  },
  "percentile-spectator": () => {
    const registry = spectatorRegistry();
    const timers = numbers.map((i) => registry.percentileTimer("bench", tagsOf(i)));
    return { record: timed(timers, (timer, ms) => timer.record(ms / 1_000)), count: sum(timers) };
  },
  "ipc-ours": () => {
    const meters = new MeterRegistry();
    const ipc = new IpcServerMeters(meters);
    // Urls come from sockets: none is a string that was seen before.
    const urls = numbers.map((i) => Buffer.from(`/api/v1/${["movies", "ratings", "users"][i % 3]}/${i}?x=${i}`));
    const record = timed(urls, (url, ms) => {
      ipc.began(3);
      ipc.ended("GET", url.toString("latin1"), 200, 1, ms);
    });
    const count = (): number =>
      meters.snapshot().reduce((total, one) => total + (one.kind === "percentile-timer" ? one.count : 0), 0);
    return { record, count };
  },
  // What the same loop costs without recording.
  "ipc-none": () => {
    let length = 0;
    let times = 0;
    const urls = numbers.map((i) => Buffer.from(`/api/v1/${["movies", "ratings", "users"][i % 3]}/${i}?x=${i}`));
    const record = timed(urls, (url) => {
      length += url.toString("latin1").length;
      times += 1;
    });
    return { record, count: () => (length > 0 ? times : 0) };
  },
};

function promCount(counter: { get(): Promise<{ readonly values: readonly { readonly value: number }[] }> }) {
  return async (): Promise<number> => (await counter.get()).values.reduce((total, { value }) => total + value, 0);
}

/** With a reader, since nothing is kept without one; it collects only when it is asked. */
function otel(): Subject {
  const { MeterProvider, MetricReader } = otelMetrics();
  class Reader extends MetricReader {
    async onForceFlush(): Promise<void> {}
    async onShutdown(): Promise<void> {}
  }
  const reader = new Reader();
  const counter = new MeterProvider({ readers: [reader] }).getMeter("bench").createCounter("bench");
  const count = async (): Promise<number> => {
    const { resourceMetrics } = await reader.collect();
    const points = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ dataPoints }) => dataPoints),
    );
    return points.reduce((total, { value }) => total + value, 0);
  };
  return { record: lookups((tags) => counter.add(1, tags)), count };
}
