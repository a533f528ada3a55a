import type { InstanceRecord, InstanceStatus } from "@holdfast/wire";

/** How willing a status is to take traffic: of two, the less willing counts. */
const willingness: readonly InstanceStatus[] = ["DOWN", "STARTING", "UNKNOWN", "OUT_OF_SERVICE", "UP"];

/**
 * What callers see. An instance that says it cannot serve is believed, whatever anybody else says (Eureka's
 * `DownOrStartingRule`). Then an override counts; for an instance of ours it can only take traffic away, since one that
 * drains is OUT_OF_SERVICE by its own word. Then damping.
 */
export function effectiveStatus(
  record: InstanceRecord,
  override: InstanceStatus | undefined,
  damped: boolean,
): InstanceStatus {
  const own = record.status;
  if (own !== "UP" && own !== "OUT_OF_SERVICE") return own;
  if (override !== undefined) {
    if (record.eureka !== undefined) return override;
    if (willingness.indexOf(override) < willingness.indexOf(own)) return override;
  }
  return damped && own === "UP" ? "OUT_OF_SERVICE" : own;
}
