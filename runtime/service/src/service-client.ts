import {
  BalancedClient,
  type ClientOptions,
  combinedServers,
  configuredServers,
  type DnsSource,
  dnsServers,
  listedServers,
  type ServiceClient,
  setGlobalDispatcher,
} from "@holdfast/client";
import { Discovery, type ServerList, staticServers } from "@holdfast/discovery";
import { type Clock, type Random, SystemClock, systemRandom } from "@holdfast/kernel";
import type { Command, CommandOptions, WorkerCommandOptions } from "@holdfast/resilience";
import { type Identity, localAddressOf, readIdentity } from "./identity.ts";
import { serviceLog } from "./logs/process-logs.ts";
import { processConfig } from "./process-config.ts";
import { showDiscovery } from "./process-registry.ts";
import { processResilience, showBalancers } from "./process-resilience.ts";
import { processTracing } from "./process-trace.ts";
import { processMeterRegistry } from "./serve.ts";

let shared: BalancedClient | undefined;

/**
 * The client of this process, made when first asked for: servers from what its configuration lists
 * (`{app}.ribbon.listOfServers`), then from the registries its environment names. Whoever asks first may say how it works.
 */
export function processClient(given: Partial<ClientOptions> = {}): BalancedClient {
  if (shared !== undefined) return shared;
  const clock = new SystemClock();
  const identity = readIdentity(process.env, undefined);
  const random = systemRandom();
  const servers = combinedServers(
    configuredServers(processConfig(), serviceLog()),
    knownServers(identity, clock, random),
  );
  const { zone, service: app, instanceId: subsetAs } = identity;
  const options = { zone, app, subsetAs, localAddress: localAddressOf(identity.host), ...given };
  shared = processClientOf(clock, random.child("client"), servers, options);
  return shared;
}

/** Where servers come from when not from the registry. */
export interface ServersOutside {
  /** By app: `"10.0.0.1:80,10.0.0.2:80;zone=b;weight=2"`. */
  readonly servers?: Readonly<Record<string, string>>;
  /** By app: names whose addresses are the servers, or an SRV name. */
  readonly dns?: Readonly<Record<string, DnsSource>>;
}

/**
 * A client for services that are in no registry of ours: balanced, retried and broken like calls by name.
 * `const billing = outsideClient({ dns: { billing: { names: ["billing.internal"], port: 80 } } }).service("billing")`
 *
 * @throws ServerListUnfitError with the position in a list of servers that cannot be read.
 */
export function outsideClient(
  { servers = {}, dns = {} }: ServersOutside,
  options: Partial<ClientOptions> = {},
): BalancedClient {
  const clock = new SystemClock();
  const random = systemRandom();
  const names = dnsServers(clock, random.child("dns"), { apps: dns, log: serviceLog() });
  return processClientOf(clock, random, combinedServers(listedServers(servers), names), options);
}

function processClientOf(
  clock: Clock,
  random: Random,
  servers: ServerList,
  options: Partial<ClientOptions>,
): BalancedClient {
  const made = new BalancedClient(servers, clock, random, options, {
    meters: processMeterRegistry,
    resilience: processResilience(),
    config: processConfig(),
    log: serviceLog(),
    tracer: processTracing().tracer,
  });
  showBalancers(made);
  return made;
}

/** Outside Holdfast there is no registry to wait for: every name is unknown at once. */
function knownServers(identity: Identity, clock: Clock, random: Random): ServerList {
  const { registries, lastViewFile, host } = identity;
  if (registries.length === 0) return staticServers({});
  const options = { registries, lastViewFile, localAddress: localAddressOf(host) };
  const discovery = new Discovery(clock, random.child("discovery"), serviceLog(), options);
  discovery.start();
  showDiscovery(discovery);
  return discovery;
}

/**
 * Calls a service by its name: `client("catalog").json("/titles")`. The first call of a process waits (at most 2 s) for
 * the registry's view; in a process that Holdfast did not start every name is `SERVICE_UNKNOWN` at once. `options` count
 * for all calls of that service by this process.
 *
 * @throws PickerUnknownError, and OptionError by the path of a value that makes no sense.
 */
export function client(name: string, options?: Partial<ClientOptions>): ServiceClient {
  return processClient().service(name, options);
}

/**
 * `fn` as a command: with a timeout, a limit on calls under way, a circuit, counters and, if given, a fallback.
 * `const titles = command({ key: "titles", run: ({ signal }, id: string) => …, fallback: () => [] }); await titles.execute("1")`
 *
 * @throws PlatformError `COMMAND_PROPERTY_INVALID` naming the property's path.
 */
export function command<A extends unknown[], R>(
  options: CommandOptions<A, R> | WorkerCommandOptions<A, R>,
): Command<A, R> {
  return processResilience().command(options);
}

/** A plain function as a command, which stays a plain function. */
export function wrap<A extends unknown[], R>(
  fn: (...args: A) => R | PromiseLike<R>,
  options: Omit<CommandOptions<A, R>, "run">,
): (...args: A) => Promise<R> {
  return processResilience().wrap(fn, options);
}

/** Makes plain `fetch("http://catalog/…")`, and everything on undici, call services by name. */
export function installGlobalDispatcher(): void {
  setGlobalDispatcher(processClient().dispatcher);
}
