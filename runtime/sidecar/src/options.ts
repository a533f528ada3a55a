import { OptionError, PlatformError } from "@holdfast/kernel";
import { checkTimeoutDefaultMs } from "./parent/parent-check.ts";

/** How one sidecar runs. */
export interface SidecarOptions {
  /** The logical name callers use. Default: what the environment says. */
  readonly app?: string;
  /** Where the parent finds us. */
  readonly apiHost: string;
  readonly apiPort: number;
  /** When a port is taken: any other. The parent is told in its environment. */
  readonly anyApiPort: boolean;
  /** UDP port, on `apiHost`, where the parent sends meters in spectatord's lines; `undefined`: nowhere. */
  readonly metersPort: number | undefined;
  /**
   * True: the sidecar listens where callers come (`HOST`, `PORT`) and passes requests on to the parent: identity, deadlines,
   * metrics and drain are as with a server of ours. False, as Prana: callers go to the parent itself.
   */
  readonly inFront: boolean;
  /** Where the parent listens. Port 0, in front of a parent that we start: any free one, which it is told as `PORT`. */
  readonly parentHost: string;
  readonly parentPort: number;
  /** What tells whether the parent can serve: its URL, or its path on the parent's own port. Default: a TCP connect. */
  readonly healthUrl?: string;
  readonly healthPath?: string;
  readonly healthTimeoutMs: number;
  /** The parent's command; without it the parent runs already. */
  readonly command?: readonly string[];
  /** Longest time from the signal to the end. */
  readonly drainMs: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Prana's own, and spectatord's: its port, and where it looks for its parent. */
export const sidecarDefaults: SidecarOptions = {
  apiHost: "127.0.0.1",
  apiPort: 8_078,
  anyApiPort: false,
  metersPort: 1_234,
  inFront: false,
  parentHost: "127.0.0.1",
  parentPort: 7_001,
  healthTimeoutMs: checkTimeoutDefaultMs,
  drainMs: 10_000,
};

/** Prana's `prana.host.healthcheck.url`, when nothing says where the parent is. */
export const healthUrlDefault = "http://localhost:7001/healthcheck";

/** @throws OptionError by the option's name. */
export function checkSidecarOptions(options: SidecarOptions): SidecarOptions {
  const { apiPort, parentPort, healthTimeoutMs, drainMs, healthUrl, healthPath, app, command, inFront } = options;
  port("apiPort", apiPort);
  port("parentPort", parentPort);
  if (options.metersPort !== undefined) port("metersPort", options.metersPort);
  if (parentPort === 0 && !(inFront && command !== undefined)) {
    throw new OptionError("parentPort", "a port from 1 to 65535, when the sidecar does not choose it", parentPort);
  }
  if (!/^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(options.apiHost)) {
    throw new OptionError("apiHost", "a loopback address: it trusts whoever reaches it", options.apiHost);
  }
  milliseconds("healthTimeoutMs", healthTimeoutMs, 1);
  milliseconds("drainMs", drainMs, 0);
  if (healthUrl !== undefined && URL.parse(healthUrl)?.protocol !== "http:") {
    throw new OptionError("healthUrl", `a URL such as ${healthUrlDefault}`, healthUrl);
  }
  if (healthPath !== undefined && !healthPath.startsWith("/")) {
    throw new OptionError("healthPath", "a path that starts with /", healthPath);
  }
  if (app !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(app)) {
    throw new OptionError("app", "a name of letters, digits, dots and dashes", app);
  }
  if (command !== undefined && (command[0] ?? "") === "") {
    throw new PlatformError("OPTION_INVALID", "command: is empty", { status: 400, next: "… -- python3 app.py" });
  }
  return options;
}

function port(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new OptionError(name, "a port from 0 to 65535", value);
  }
}

function milliseconds(name: string, value: number, min: number): void {
  if (!Number.isInteger(value) || value < min || value > 3_600_000) {
    throw new OptionError(name, `milliseconds from ${min} to an hour`, value);
  }
}
