/** What control hands to servers of ours in {@link Env.settings}, as JSON. */

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
}
