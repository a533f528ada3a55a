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
  Env.settings,
]);

/** The parent's environment: ours, with its own address and the way to us. */
export function parentEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  address: { readonly host: string; readonly port: number },
  sidecarUrl: string,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && !keptBack.has(name)) environment[name] = value;
  }
  return Object.assign(environment, {
    HOST: address.host,
    PORT: String(address.port),
    [Env.sidecar]: sidecarUrl,
  });
}
