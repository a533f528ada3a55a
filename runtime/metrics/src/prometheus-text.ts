import type { MeterSnapshot } from "./meter-registry.ts";
import { bucketBoundsMs } from "./meters/buckets.ts";
import type { Tags } from "./meters.ts";

export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Every eighth bound (two octaves apart) is enough for a scrape and keeps it short. */
const exportEvery = 8;

/** The exposition format 0.0.4: counters end in `_total`, timers are histograms in seconds. */
export function prometheusText(snapshots: readonly MeterSnapshot[]): string {
  const byName = Map.groupBy(snapshots, (snapshot) => snapshot.name);
  let text = "";
  for (const [name, series] of byName) {
    const base = name.replaceAll(/[^A-Za-z0-9_:]/g, "_");
    const kind = series[0]?.kind ?? "gauge";
    const metric = { counter: `${base}_total`, gauge: base, timer: `${base}_seconds` }[kind];
    text += `# HELP ${metric} ${name}\n# TYPE ${metric} ${kind === "timer" ? "histogram" : kind}\n`;
    for (const snapshot of series) text += lines(metric, snapshot);
  }
  return text;
}

function lines(metric: string, snapshot: MeterSnapshot): string {
  switch (snapshot.kind) {
    case "counter":
      return `${metric}${labels(snapshot.tags)} ${snapshot.count}\n`;
    case "gauge":
      return `${metric}${labels(snapshot.tags)} ${snapshot.value}\n`;
    case "timer":
      return histogram(metric, snapshot);
  }
}

function histogram(metric: string, snapshot: Extract<MeterSnapshot, { kind: "timer" }>): string {
  let text = "";
  for (let bound = exportEvery - 1; bound < bucketBoundsMs.length; bound += exportEvery) {
    const le = ((bucketBoundsMs[bound] ?? 0) / 1_000).toPrecision(4);
    let below = 0;
    for (const [index, count] of snapshot.buckets) if (index <= bound) below += count;
    text += `${metric}_bucket${labels(snapshot.tags, ["le", String(Number(le))])} ${below}\n`;
  }
  text += `${metric}_bucket${labels(snapshot.tags, ["le", "+Inf"])} ${snapshot.count}\n`;
  text += `${metric}_sum${labels(snapshot.tags)} ${snapshot.totalMs / 1_000}\n`;
  return `${text}${metric}_count${labels(snapshot.tags)} ${snapshot.count}\n`;
}

function labels(tags: Tags, more?: readonly [string, string]): string {
  const pairs = [...Object.entries(tags), ...(more === undefined ? [] : [more])];
  if (pairs.length === 0) return "";
  return `{${pairs.map(([key, value]) => `${key.replaceAll(/[^A-Za-z0-9_]/g, "_")}="${escape(value)}"`).join(",")}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
