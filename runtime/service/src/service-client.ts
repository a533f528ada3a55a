import { BalancedClient, type ServiceClient, setGlobalDispatcher } from "@holdfast/client";
import { Discovery, type ServerList, staticServers } from "@holdfast/discovery";
import { type Clock, processLog, type Random, SystemClock, systemRandom } from "@holdfast/kernel";
import { type Identity, localAddressOf, readIdentity } from "./identity.ts";
import { processMeterRegistry } from "./serve.ts";

let shared: BalancedClient | undefined;

/** The client of this process: servers from the registries its environment names, made when first asked for. */
export function processClient(clock: Clock = new SystemClock()): BalancedClient {
  if (shared !== undefined) return shared;
  const identity = readIdentity(process.env, undefined);
  const random = systemRandom();
  const servers = knownServers(identity, clock, random);
  const options = { zone: identity.zone, localAddress: localAddressOf(identity.host) };
  shared = new BalancedClient(servers, clock, random.child("client"), options, processMeterRegistry);
  return shared;
}

/** Outside Holdfast there is no registry to wait for: every name is unknown at once. */
function knownServers(identity: Identity, clock: Clock, random: Random): ServerList {
  const { registries, lastViewFile, host } = identity;
  if (registries.length === 0) return staticServers({});
  const options = { registries, lastViewFile, localAddress: localAddressOf(host) };
  const discovery = new Discovery(clock, random.child("discovery"), processLog(clock), options);
  discovery.start();
  return discovery;
}

/**
 * Calls a service by its name: `client("catalog").json("/titles")`. The first call of a process waits (at most 2 s) for
 * the registry's view; in a process that Holdfast did not start every name is `SERVICE_UNKNOWN` at once.
 */
export function client(name: string): ServiceClient {
  return processClient().service(name);
}

/** Makes plain `fetch("http://catalog/…")`, and everything on undici, call services by name. */
export function installGlobalDispatcher(): void {
  setGlobalDispatcher(processClient().dispatcher);
}
