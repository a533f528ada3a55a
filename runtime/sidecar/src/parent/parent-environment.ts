import { Env } from "@holdfast/wire";

/**
 * What the sidecar does for its parent, the parent must not do a second time: with these, a Node program on our service base
 * would open the same admin port and register itself beside us. The token is nobody's but ours.
 */
const keptBack: ReadonlySet<string> = new Set([
  Env.adminPort,
  Env.registries,
  Env.lastViewFile,
  Env.instanceToken,
  Env.configServers,
  Env.configSnapshot,
  Env.settings,
]);

/** Where Spectator's clients in all languages send to. */
const metersVariable = "SPECTATOR_OUTPUT_LOCATION";

/** The parent's environment: ours, with its own address and the way to us. */
export function parentEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  address: { readonly host: string; readonly port: number },
  ours: { readonly api: string; readonly meters: string | undefined },
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && !keptBack.has(name)) environment[name] = value;
  }
  if (ours.meters !== undefined) environment[metersVariable] ??= ours.meters;
  return Object.assign(environment, {
    HOST: address.host,
    PORT: String(address.port),
    [Env.sidecar]: ours.api,
  });
}
