import type { MeterSnapshot } from "../registry/snapshot.ts";
import { snakeName } from "./labels.ts";

export type FamilyType = "counter" | "gauge" | "histogram" | "summary";

/** The series that are shown under one name. */
export interface Family {
  /** Without `_total`. */
  readonly name: string;
  readonly type: FamilyType;
  readonly unit: "seconds" | undefined;
  /** The name as the program says it. */
  readonly help: string;
  readonly series: MeterSnapshot[];
}

const types: Readonly<Record<MeterSnapshot["kind"], FamilyType>> = {
  counter: "counter",
  gauge: "gauge",
  timer: "histogram",
  "percentile-timer": "histogram",
  summary: "summary",
  "percentile-summary": "histogram",
};

/** Groups by what is written; a name that two kinds of meters become is told apart by its type. */
export function familiesOf(snapshots: readonly MeterSnapshot[]): Iterable<Family> {
  const families = new Map<string, Family>();
  for (const snapshot of snapshots) {
    const type = types[snapshot.kind];
    let name = plainName(snapshot);
    for (let taken = families.get(name); taken !== undefined && taken.type !== type; taken = families.get(name)) {
      name = `${name}_${type}`;
    }
    const known = families.get(name);
    if (known !== undefined) {
      known.series.push(snapshot);
      continue;
    }
    const unit = "totalMs" in snapshot ? "seconds" : undefined;
    families.set(name, { name, type, unit, help: snapshot.name, series: [snapshot] });
  }
  return families.values();
}

function plainName(snapshot: MeterSnapshot): string {
  const base = snakeName(snapshot.name);
  if (snapshot.kind === "counter") return base.replace(/_total$/, "");
  if ("totalMs" in snapshot) return base.endsWith("_seconds") ? base : `${base}_seconds`;
  // Endings that say what kind a number is, and would be wrong here.
  return base.replace(/_(total|count|sum|bucket)$/, "_$1_value");
}
