/** What the name of a server group says: `API-test-v012` is group 12 of cluster `API-test` of application `API`. */
export interface GroupName {
  readonly application: string;
  readonly cluster: string;
  readonly serverGroup: string;
}

/**
 * Netflix's naming rule (Frigga's `Names`): `{app}[-{stack}[-{detail}]][-v{sequence}]`. A name without a sequence is its own
 * cluster.
 */
export function groupNameOf(asgName: string): GroupName {
  const cluster = asgName.replace(/-v\d{3,6}$/, "");
  const dash = cluster.indexOf("-");
  return { application: dash > 0 ? cluster.slice(0, dash) : cluster, cluster, serverGroup: asgName };
}
