import type { InstanceId } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";

/** The zone of a server of which nobody says where it is; what instances without a zone have, too. */
export const zoneUnknown = "none";

/** Where a server is that no registry knows. */
export interface ServerPlace {
  /** An IP address, or a host name that the operating system resolves with each connection. */
  readonly address: string;
  readonly port: number;
  readonly zone?: string | undefined;
  /** Share of a full server's load, more than 0; 1 when absent. Kept as metadata `weight`. */
  readonly weight?: number | undefined;
}

/**
 * The record of a server that no registry knows: always UP, and the same identity whenever the same address and port are
 * named. `source` says who named it (`dns`, `static`), and becomes the beginning of its id and its server group.
 */
export function recordOfPlace(app: string, source: string, place: ServerPlace): InstanceRecord {
  const { address, port, zone = zoneUnknown, weight = 1 } = place;
  return {
    app,
    id: `${source}-${address}-${port}` as InstanceId,
    incarnation: 0,
    version: 1,
    status: "UP",
    region: zoneUnknown,
    zone,
    address,
    port,
    application: app,
    cluster: app,
    serverGroup: `${app}-${source}`,
    verifiesIdentity: false,
    metadata: weight === 1 ? {} : { weight: String(weight) },
  };
}

/** Does a caller see the same place? Only for records that {@link recordOfPlace} made of the same app. */
export function isSamePlace(a: InstanceRecord, b: InstanceRecord): boolean {
  return a.id === b.id && a.zone === b.zone && a.metadata["weight"] === b.metadata["weight"];
}
