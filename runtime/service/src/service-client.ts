import { BalancedClient, type ServiceClient, setGlobalDispatcher } from "@holdfast/client";
import { Discovery } from "@holdfast/discovery";
import { type Clock, processLog, SystemClock, systemRandom } from "@holdfast/kernel";
import { readIdentity } from "./identity.ts";
import { processMeterRegistry } from "./serve.ts";

let shared: BalancedClient | undefined;

/** The client of this process: servers from the registries its environment names, made when first asked for. */
export function processClient(clock: Clock = new SystemClock()): BalancedClient {
  if (shared !== undefined) return shared;
  const identity = readIdentity(process.env, undefined);
  const log = processLog(clock);
  const random = systemRandom();
  const localAddress = identity.host.startsWith("127.") && identity.host !== "127.0.0.1" ? identity.host : undefined;
  const { registries, lastViewFile } = identity;
  const discovery = new Discovery(clock, random.child("discovery"), log, { registries, lastViewFile, localAddress });
  if (registries.length > 0) discovery.start();
  const options = { zone: identity.zone, localAddress };
  shared = new BalancedClient(discovery, clock, random.child("client"), options, processMeterRegistry);
  return shared;
}

/**
 * Calls a service by its name: `client("catalog").json("/titles")`. The first call of a process waits (at most 2 s) for
 * the registry's view.
 */
export function client(name: string): ServiceClient {
  return processClient().service(name);
}

/** Makes plain `fetch("http://catalog/…")`, and everything on undici, call services by name. */
export function installGlobalDispatcher(): void {
  setGlobalDispatcher(processClient().dispatcher);
}
