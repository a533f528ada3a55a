import type { Discovery } from "@holdfast/discovery";
import type { InstanceRecord } from "@holdfast/wire";

let known: Discovery | undefined;

/** From now on the admin port's `/v1/registry` shows what `discovery` knows. */
export function showDiscovery(discovery: Discovery): void {
  known = discovery;
}

/** All instances the client of this process knows of; undefined before it has asked a registry. */
export function knownInstances(): readonly InstanceRecord[] | undefined {
  const discovery = known;
  return discovery?.apps().flatMap((app) => discovery.instances(app));
}
