import type { Cloud } from "@holdfast/cloud-server";
import type { FigureSource, FigureWatch, GateInstance } from "@holdfast/config-server";
import type { InstanceObservation } from "@holdfast/wire";
import { contextOf } from "./instance-context.ts";

/** What insight counts for a trial's gate. */
export type GateCounts = Pick<FigureSource, "before" | "look" | "watch">;

const nothing = { requests: 0, errors: 0, p99Ms: null };
const blindWatch: FigureWatch = { since: () => nothing, close: () => {} };

/** The gate's eyes: what cloud says of instances and, where somebody measures, what insight counted. */
export function gateFigures(cloud: Pick<Cloud, "instances">, counts: GateCounts | undefined): FigureSource {
  return {
    instances: () => cloud.instances().flatMap(looked),
    before: (instances) => counts?.before(instances) ?? nothing,
    look: (instances) => counts?.look(instances) ?? Promise.resolve(),
    watch: () => counts?.watch() ?? blindWatch,
  };
}

function looked(observation: InstanceObservation): GateInstance[] {
  const { spec, state, reasonCode, sinceMs } = observation;
  const context = contextOf(spec);
  // Drained on somebody's order: no part of the fleet any more, and no fault of its values.
  if (state === "draining" || (state === "stopped" && reasonCode === "TERMINATED")) return [];
  return [{ context, unwellSinceMs: state === "unhealthy" || state === "stopped" ? sinceMs : null }];
}
