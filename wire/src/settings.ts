/** What control hands to servers of ours in {@link Env.settings}, as JSON. */

import type { Zone } from "@holdfast/kernel";
import type { RegistryProfile } from "./registry-views.ts";

export interface RouteSettings {
  /** `/api/**` (prefix), or an exact path. The longest match wins. */
  readonly match: string;
  /** Logical name of the service. */
  readonly to: string;
  /** Whole time for one request at the edge, in ms. */
  readonly timeoutMs: number;
  /** Take `match`'s prefix off the path before passing it on. */
  readonly stripPrefix: boolean;
}

export interface GatewaySettings {
  readonly routes: readonly RouteSettings[];
  /** Longest request body, in bytes; more gets 413. */
  readonly requestBytesMax: number;
  /** Idempotent answers up to this size are held until whole. */
  readonly holdBackBytes: number;
}

/** 256 KiB held back: the figure of the promise. 10 MiB request bodies: what common proxies allow by default is 1–10. */
export const gatewaySettingsDefaults: GatewaySettings = {
  routes: [],
  requestBytesMax: 10 * 1024 * 1024,
  holdBackBytes: 256 * 1024,
};

export interface BalancerListener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /**
   * A Unix socket that takes connections, too: for the doors of a stack whose network is its own. `{id}` in it becomes the
   * instance's id, since each balancer has one of its own.
   */
  readonly socket?: string;
  /** Logical name of the target service. */
  readonly target: string;
}

export interface BalancerSettings {
  readonly listeners: readonly BalancerListener[];
}

export interface RegistrySettings {
  /** This peer's name, unique in the cluster: its zone. */
  readonly name: string;
  /** Base URLs of the other peers. */
  readonly peers: readonly string[];
  /** Where this peer stands; probes need verdicts from two zones. Default: its name. */
  readonly zone?: string;
  /** Default `local-1`. */
  readonly region?: string;
  /** Default `fast`. */
  readonly profile?: RegistryProfile;
  /** Whether this peer looks for itself whether instances are dead. Default `off`. */
  readonly probe?: RegistryProbe;
  /** Region name → base URL (`http://h:8761/eureka/v2`) of a registry there, for `?regions=`. */
  readonly remoteRegions?: Readonly<Record<string, string>>;
  /** Region name, or `global` for all others → names of the apps that may be seen of it. Default: all. */
  readonly remoteRegionApps?: Readonly<Record<string, readonly string[]>>;
  /** Base URLs (`http://h:8761/eureka/v2`) of Eureka servers that hear of every change, as a peer of theirs would tell. */
  readonly eurekaPeers?: readonly string[];
  /** Limits those who fetch the registry at Eureka's API; 503 past that. Default: no limit. */
  readonly rateLimit?: RegistryRateLimit;
}

/** Eureka's limit on those who fetch the registry; see `DefaultEurekaServerConfig`. Per second, on average, over bursts. */
export interface RegistryRateLimit {
  readonly burstSize?: number;
  /** Fetches of any kind. */
  readonly registryFetchAverageRate?: number;
  /** Fetches of everything. */
  readonly fullFetchAverageRate?: number;
  /** Whether Eureka's own clients are limited, too. */
  readonly throttleStandardClients?: boolean;
  /** Values of `DiscoveryIdentity-Name` that are never limited. */
  readonly privilegedClients?: readonly string[];
}

export type RegistryProbe = "off" | "tcp" | "http";

/** What control hands to the sidecar of a service that says `sidecar: true`. */
export interface SidecarSettings {
  /** The service's own program, as an argument vector. */
  readonly command: readonly string[];
  /** Path that answers 2xx when the program can serve. Without it a TCP connect decides. */
  readonly healthPath?: string;
  readonly healthTimeoutMs?: number;
  /** Longest time from SIGTERM to the end. */
  readonly drainMs?: number;
}

/** Where the network of a stack of mode `netns` is found. */
export interface NetworkPlace {
  /** A process in the router's network and in the mount namespace where namespaces have their names. */
  readonly pid: number;
  /** Where namespaces have their names, as seen in there. */
  readonly directory: string;
  /** In a user namespace of its own: entered without privileges. */
  readonly rootless: boolean;
}

/** A process outside of a stack's network that lets people in: takes connections and passes them on to Unix sockets. */
export interface DoorSettings {
  readonly listeners: readonly {
    readonly address: string;
    readonly port: number;
    /** Sockets of this directory whose names begin with `prefix` and end with `.sock` are asked in turn. */
    readonly directory: string;
    readonly prefix: string;
  }[];
}

/** A container engine, and how a stack is told from others on it. */
export interface ContainerPlace {
  /** Path of the Docker API's Unix socket. */
  readonly socket: string;
  /** Names the stack: its state directory. */
  readonly stack: string;
  /** Directories every container sees by the same path, and cannot change. */
  readonly readOnly: readonly string[];
}

/** A zone agent's settings; handed over by `up`. All paths are absolute. */
export interface AgentSettings {
  readonly zone: Zone;
  /** Unix socket of the agent's API: at most 107 bytes. Its directory is made 0700. */
  readonly socket: string;
  /** Where the list of instances and the epoch are kept, so that the next agent can adopt them. */
  readonly stateFile: string;
  /** Holds pid and start time of the running agent: one agent per state file. */
  readonly pidFile: string;
  /** `<instance>.log` and `<instance>.log.1` are written here. */
  readonly logDirectory: string;
  /** Base URLs of the registries, own zone first. */
  readonly registries: readonly string[];
  /** Each address has a network namespace of its own there; none where absent. */
  readonly network?: NetworkPlace;
  /**
   * Where instances keep their last registry view and their last settled configuration, a file of each for a service and
   * zone; none when absent.
   */
  readonly viewDirectory?: string;
  /** Where Node keeps compiled code between instances (`NODE_COMPILE_CACHE`); nowhere when absent. */
  readonly codeCache?: string;
  /** Base URLs of the configuration servers; none when absent. */
  readonly configServers?: readonly string[];
  /** Base URL of the OTLP receiver that instances send their traces to; none when absent. */
  readonly otlpEndpoint?: string;
  /** Where the instances of applications run as containers; as processes when absent. */
  readonly container?: ContainerPlace;
  /** Holds the key that instances' tokens are made with, so that control can verify them. Without it they are random. */
  readonly instanceKeyFile?: string;
}
