import type { Clock, Log } from "@holdfast/kernel";
import type { RegistrySettings } from "@holdfast/wire";
import { AsgGroups } from "./asg-groups.ts";
import { EurekaActions } from "./eureka-actions.ts";
import { type EurekaCall, HttpEurekaCaller } from "./eureka-call.ts";
import { type EurekaHandler, eurekaHandler } from "./eureka-handler.ts";
import { EurekaPeers } from "./eureka-peers.ts";
import { EurekaReads } from "./eureka-reads.ts";
import { Heartbeats } from "./heartbeats.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { ReadGate } from "./read-gate.ts";
import { RemoteRegions, type RemoteRegionsOptions } from "./remote-regions.ts";
import type { EurekaStore, Held } from "./store.ts";

export interface EurekaFaceOptions {
  readonly remoteRegions?: Partial<RemoteRegionsOptions>;
  /** Default: as Netflix's server, in profile `compat` only. */
  readonly enforceGzip?: boolean;
  /** How other Eureka servers are reached. Default: over HTTP. */
  readonly call?: EurekaCall;
}

/** Everything of Eureka in front of one registry: its operations, its peers, its regions. */
export class EurekaFace {
  /** Answers a request to Eureka's API; false when it is none. */
  readonly handle: EurekaHandler;
  readonly peers: EurekaPeers;
  readonly remoteRegions: RemoteRegions;
  readonly #caller: HttpEurekaCaller;
  readonly #reads: EurekaReads;
  readonly #gate: ReadGate;

  constructor(clock: Clock, log: Log, store: EurekaStore, settings: RegistrySettings, options: EurekaFaceOptions = {}) {
    const profile = settings.profile ?? "fast";
    const zone = settings.zone ?? settings.name;
    const region = settings.region ?? "local-1";
    this.#caller = new HttpEurekaCaller(clock);
    const call = options.call ?? this.#caller.call;
    this.remoteRegions = new RemoteRegions(clock, log, call, settings.remoteRegions ?? {}, {
      apps: settings.remoteRegionApps,
      ...options.remoteRegions,
    });
    this.peers = new EurekaPeers(clock, log, store, settings.eurekaPeers ?? [], call);
    const actions = new EurekaActions(store, new AsgGroups(), { profile, region, zone }, this.peers.onAction);
    this.peers.use(actions);
    this.#gate = new ReadGate(clock, store, profile);
    this.#reads = new EurekaReads({
      clock,
      store,
      remote: this.remoteRegions,
      cache: { mode: profile },
      enforceGzip: options.enforceGzip ?? profile === "compat",
      rateLimit: settings.rateLimit === undefined ? undefined : new RateLimiter(clock, settings.rateLimit),
      self: () => selfOf(store, settings.name, { zone, region }, clock.wallMs()),
    });
    this.handle = eurekaHandler({ log, actions, reads: this.#reads, gate: this.#gate, heartbeats: new Heartbeats() });
  }

  /** Begins to fetch other regions. */
  start(): void {
    this.remoteRegions.start();
  }

  close(): void {
    this.#reads.close();
    this.#gate.close();
    this.peers.close();
    this.remoteRegions.close();
    this.#caller.close();
  }
}

/** The registry as an instance of itself, for `GET status`. */
function selfOf(store: EurekaStore, name: string, place: { zone: string; region: string }, wallMs: number): Held {
  const status = store.serving ? "UP" : "STARTING";
  return {
    record: {
      app: "eureka",
      id: name as Held["record"]["id"],
      incarnation: store.startedAtMs,
      version: 1,
      status,
      ...place,
      address: "127.0.0.1",
      port: 0,
      application: "eureka",
      cluster: "eureka",
      serverGroup: "eureka",
      verifiesIdentity: false,
      metadata: {},
    },
    status,
    override: undefined,
    action: "ADDED",
    registeredAtMs: store.startedAtMs,
    renewedAtMs: wallMs,
    updatedAtMs: store.startedAtMs,
    upAtMs: store.serving ? store.startedAtMs : 0,
    leaseMs: 90_000,
  };
}
