import type { Tags } from "../meters/tags.ts";
import type { MeterSnapshot } from "../registry/snapshot.ts";
import { cumulative } from "../text/histogram.ts";

/** When counting began and when it was looked at, wall ms, and who says so (`service.name` …). */
export interface OtlpScope {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly resource: Tags;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

/** OTLP's JSON encoding writes 64-bit whole numbers as strings. */
interface Point {
  readonly attributes: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

interface NumberPoint extends Point {
  readonly asDouble: number;
}

interface HistogramPoint extends Point {
  readonly count: string;
  readonly sum: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
}

/** Counts grow while the process lives: OTLP's temporality `CUMULATIVE`. */
const cumulativeCounts = 2;

export type OtlpMetric = { readonly name: string; readonly unit: string } & (
  | { readonly gauge: { readonly dataPoints: NumberPoint[] } }
  | {
      readonly sum: {
        readonly aggregationTemporality: typeof cumulativeCounts;
        readonly isMonotonic: true;
        readonly dataPoints: NumberPoint[];
      };
    }
  | {
      readonly histogram: {
        readonly aggregationTemporality: typeof cumulativeCounts;
        readonly dataPoints: HistogramPoint[];
      };
    }
);

/** The body of OTLP/HTTP's `POST /v1/metrics`. */
export interface OtlpMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly { readonly scope: { readonly name: string }; readonly metrics: OtlpMetric[] }[];
  }[];
}

/** A registry's series as OpenTelemetry's: counters as monotonic sums, timers (s) and summaries as histograms. */
export function otlpMetrics(snapshots: readonly MeterSnapshot[], scope: OtlpScope): OtlpMetrics {
  const metrics = new Map<string, OtlpMetric>();
  for (const snapshot of snapshots) {
    const shape = snapshot.kind === "counter" ? "sum" : snapshot.kind === "gauge" ? "gauge" : "histogram";
    const key = `${snapshot.name} ${shape}`;
    const metric = metrics.get(key) ?? newMetric(snapshot);
    metrics.set(key, metric);
    addPoint(metric, snapshot, scope);
  }
  const resource = { attributes: attributes(scope.resource) };
  const scopeMetrics = [{ scope: { name: "holdfast" }, metrics: [...metrics.values()] }];
  return { resourceMetrics: [{ resource, scopeMetrics }] };
}

function newMetric(snapshot: MeterSnapshot): OtlpMetric {
  const named = { name: snapshot.name, unit: "totalMs" in snapshot ? "s" : "1" };
  if (snapshot.kind === "gauge") return { ...named, gauge: { dataPoints: [] } };
  const aggregationTemporality = cumulativeCounts;
  return snapshot.kind === "counter"
    ? { ...named, sum: { aggregationTemporality, isMonotonic: true, dataPoints: [] } }
    : { ...named, histogram: { aggregationTemporality, dataPoints: [] } };
}

function addPoint(metric: OtlpMetric, snapshot: MeterSnapshot, scope: OtlpScope): void {
  const point: Point = {
    attributes: attributes(snapshot.tags),
    startTimeUnixNano: nanoseconds(scope.startedAtMs),
    timeUnixNano: nanoseconds(scope.nowMs),
  };
  if (snapshot.kind === "gauge") {
    if ("gauge" in metric) metric.gauge.dataPoints.push({ ...point, asDouble: snapshot.value });
  } else if (snapshot.kind === "counter") {
    if ("sum" in metric) metric.sum.dataPoints.push({ ...point, asDouble: snapshot.count });
  } else if ("histogram" in metric) metric.histogram.dataPoints.push({ ...point, ...histogramOf(snapshot) });
}

type Distributed = Exclude<MeterSnapshot, { readonly kind: "counter" | "gauge" }>;

function histogramOf(snapshot: Distributed): Omit<HistogramPoint, keyof Point> {
  const count = String(snapshot.count);
  const sum = "totalMs" in snapshot ? snapshot.totalMs / 1_000 : snapshot.total;
  if (snapshot.kind === "summary") return { count, sum, bucketCounts: [], explicitBounds: [] };
  const bounds = cumulative(snapshot);
  let below = 0;
  const bucketCounts = bounds.map(([, upTo]) => {
    const inside = upTo - below;
    below = upTo;
    return String(inside);
  });
  bucketCounts.push(String(snapshot.count - below));
  return { count, sum, bucketCounts, explicitBounds: bounds.map(([le]) => le) };
}

function attributes(tags: Tags): Attribute[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms)) * 1_000_000n);
}
