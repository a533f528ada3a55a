import { normalScope } from "@holdfast/config-server";
import { type DeploymentContext, Env, type LaunchSpec } from "@holdfast/wire";

/**
 * What an instance is, in the words of the scopes, from what control itself ordered: as the instance reads it from its own
 * environment, but nothing that it could say of itself.
 */
export function contextOf(spec: LaunchSpec): DeploymentContext {
  const [, stack = ""] = spec.cluster.split("-");
  return normalScope({
    serverId: spec.id,
    asg: spec.serverGroup,
    cluster: spec.cluster,
    appId: spec.service,
    env: spec.env[Env.environment] ?? "",
    stack,
    zone: spec.zone.name,
    region: spec.zone.regionName,
  });
}
