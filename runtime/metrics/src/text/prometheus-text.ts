import type { MeterSnapshot } from "../registry/snapshot.ts";
import { type Family, familiesOf } from "./families.ts";
import { cumulative } from "./histogram.ts";
import { labels, sample } from "./labels.ts";

export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";
export const openMetricsContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** The exposition format 0.0.4: counters end in `_total`, timers are histograms in seconds. */
export function prometheusText(snapshots: readonly MeterSnapshot[]): string {
  let text = "";
  for (const family of familiesOf(snapshots)) {
    const name = family.type === "counter" ? `${family.name}_total` : family.name;
    text += `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n${samples(family, String)}`;
  }
  return text;
}

/** OpenMetrics 1.0: the family of a counter goes without `_total`, units are named, and the end is marked. */
export function openMetricsText(snapshots: readonly MeterSnapshot[]): string {
  let text = "";
  for (const family of familiesOf(snapshots)) {
    text += `# TYPE ${family.name} ${family.type}\n`;
    if (family.unit !== undefined) text += `# UNIT ${family.name} ${family.unit}\n`;
    text += `# HELP ${family.name} ${escapeHelp(family.help).replaceAll('"', '\\"')}\n${samples(family, canonical)}`;
  }
  return `${text}# EOF\n`;
}

/** In the form that a scraper asks for by its `accept`: OpenMetrics if it prefers it, else the older text. */
export function metricsText(
  snapshots: readonly MeterSnapshot[],
  accept: string | undefined,
): { readonly contentType: string; readonly text: string } {
  const wantsOpen = weightOf(accept, "application/openmetrics-text") > weightOf(accept, "text/plain");
  return wantsOpen
    ? { contentType: openMetricsContentType, text: openMetricsText(snapshots) }
    : { contentType: prometheusContentType, text: prometheusText(snapshots) };
}

/** The best `q` among the entries of this very type; 0 when it is not named. */
function weightOf(accept: string | undefined, type: string): number {
  let best = 0;
  for (const entry of (accept ?? "").split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    if (name !== type) continue;
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    best = Math.max(best, q === undefined ? 1 : Number(q.slice(2)) || 0);
  }
  return best;
}

function samples(family: Family, le: (bound: number) => string): string {
  const shown = new Set<string>();
  let text = "";
  for (const snapshot of family.series) {
    const tags = labels(snapshot.tags);
    // Two series that become one when written would make a scraper refuse all of them.
    if (shown.has(tags)) continue;
    shown.add(tags);
    text += lines(family.name, snapshot, tags, le);
  }
  return text;
}

function lines(name: string, snapshot: MeterSnapshot, tags: string, le: (bound: number) => string): string {
  if (snapshot.kind === "counter") return `${name}_total${tags} ${sample(snapshot.count)}\n`;
  if (snapshot.kind === "gauge") return `${name}${tags} ${sample(snapshot.value)}\n`;
  let text = "";
  if (snapshot.kind !== "summary") {
    for (const [bound, count] of cumulative(snapshot)) {
      text += `${name}_bucket${labels(snapshot.tags, ["le", le(bound)])} ${count}\n`;
    }
    text += `${name}_bucket${labels(snapshot.tags, ["le", "+Inf"])} ${snapshot.count}\n`;
  }
  const sum = "totalMs" in snapshot ? snapshot.totalMs / 1_000 : snapshot.total;
  return `${text}${name}_sum${tags} ${sample(sum)}\n${name}_count${tags} ${snapshot.count}\n`;
}

/** OpenMetrics wants bounds that are seen to be numbers: `1.0`. */
function canonical(bound: number): string {
  return Number.isInteger(bound) && bound < 1e21 ? `${bound}.0` : String(bound);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
