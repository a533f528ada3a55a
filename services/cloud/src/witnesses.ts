import type { InstanceObservation, LaunchSpec } from "@holdfast/wire";
import type { Fleet } from "./fleet.ts";
import type { Witness } from "./zone-watch.ts";

/** What one instance says to a connection, seen from where control stands. */
export type Sighting = "accepts" | "refuses" | "silent";

/** Tries to connect to an instance. Answers within a second. Never rejects. */
export type LookAtInstance = (instance: InstanceObservation) => Promise<Sighting>;

/** So many of a zone's instances are asked at a time; one that serves is enough. */
const askedMax = 20;

/** What the instances of a zone say for it whose agent is silent. Where none is left there is nobody to wait for. */
export async function witnessOf(fleet: Fleet, zone: string, look: LookAtInstance): Promise<Witness> {
  const there = fleet
    .all()
    .filter(({ spec, state }) => spec.zone.name === zone && state !== "stopped" && testifies(spec));
  const sightings = await Promise.all(there.slice(0, askedMax).map((instance) => look(instance)));
  if (sightings.includes("accepts")) return "serving";
  return sightings.every((sighting) => sighting === "refuses") ? "refusing" : "mute";
}

/** Balancers of all zones share people's address: who answers there may stand anywhere. */
function testifies({ kind }: LaunchSpec): boolean {
  return kind !== "balancer";
}
