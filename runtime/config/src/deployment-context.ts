import { type DeploymentContext, Env, propertyScopeKeys } from "@holdfast/wire";
import type { Config } from "./core/config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a process is, from the environment its agent gave it (DESIGN §6): `asg` is the server group, `serverId` the instance,
 * `appId` the service, `stack` the second part of the cluster's name (`app-stack-detail`, Frigga).
 */
export function deploymentContext(environment: Environment): DeploymentContext {
  const cluster = environment[Env.cluster];
  const [, stack] = (cluster ?? "").split("-");
  const all = {
    serverId: environment[Env.instanceId],
    asg: environment[Env.serverGroup],
    cluster,
    appId: environment[Env.service],
    env: environment[Env.environment],
    stack,
    zone: environment[Env.zone],
    region: environment[Env.region],
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ""));
}

/** Archaius 1's names of the deployment context, as properties for contextual values and references. */
const propertyNames: Readonly<Record<string, string>> = { env: "environment" };

/** `@environment`, `@region`, `@zone`, `@appId`, `@serverId`, `@stack` …: in the default layer. */
export function addDeploymentContext(config: Config, context: DeploymentContext): void {
  for (const key of propertyScopeKeys) {
    const value = context[key];
    if (value !== undefined)
      config.set("default", `@${propertyNames[key] ?? key}`, value, { source: "deployment context" });
  }
}

/** The query with which a process tells a configuration server what it is. */
export function contextQuery(context: DeploymentContext): string {
  const query = new URLSearchParams();
  for (const key of propertyScopeKeys) {
    const value = context[key];
    if (value !== undefined) query.set(key, value);
  }
  return query.toString();
}
