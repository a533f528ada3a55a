import type { InstanceId, Zone } from "@holdfast/kernel";

export type InstanceKind = "app" | "registry" | "gateway" | "balancer" | "control";

/** How an engine finds out, from outside, whether an instance can serve. */
export interface HealthCheck {
  /** `auto`: our admin port when there is one, else `path` over HTTP when given, else a TCP connect. */
  readonly kind: "auto" | "http" | "tcp";
  readonly path: string | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** An instance that has not been healthy so long after its start is given up. */
  readonly startTimeoutMs: number;
  /** Failed checks in a row that make a healthy instance unhealthy. */
  readonly unhealthyAfter: number;
}

/** Hystrix-age habits, laptop timing: three seconds between checks, two misses, thirty seconds to start. */
export const healthCheckDefaults: HealthCheck = {
  kind: "auto",
  path: undefined,
  intervalMs: 3_000,
  timeoutMs: 1_000,
  startTimeoutMs: 30_000,
  unhealthyAfter: 2,
};

/** What one instance may use. A limit that the engine cannot enforce is reported by `holdfast doctor`, never forgotten. */
export interface ResourceLimits {
  /** Cores: 0.5 is half of one. A bound, not a share. */
  readonly cpu?: number;
  /** Bytes of memory; an instance that takes more is killed, and its reason is `OUT_OF_MEMORY`. */
  readonly memoryBytes?: number;
}

/** Where placement put an instance, and what it holds there until it is gone; engines only carry it. */
export interface HostPlace {
  readonly host: string;
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly networkMbps: number;
  /** Nobody may stand beside it (`exclusivehost`). */
  readonly exclusive?: true;
}

/** Everything an engine needs to start one instance; complete, so that an agent can do it with control gone. */
export interface LaunchSpec {
  readonly id: InstanceId;
  readonly kind: InstanceKind;
  readonly application: string;
  /** The logical name, such as `catalog`. */
  readonly service: string;
  readonly cluster: string;
  readonly serverGroup: string;
  readonly zone: Zone;
  readonly address: string;
  readonly port: number;
  readonly adminPort: number;
  /** Absolute path of the immutable image directory; the working directory of the process. */
  readonly image: string;
  /** The command line, run without a shell unless it needs one. */
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly health: HealthCheck;
  /** Longest time from SIGTERM to SIGKILL. */
  readonly drainMs: number;
  /** Each of the (two) log files is bounded by this. */
  readonly logBytesMax: number;
  /** `process`: it runs as a process also where the instances of applications are containers. */
  readonly runAs?: "process";
  /** Without it an instance may use what the machine has. */
  readonly resources?: ResourceLimits;
  /** Absent where no hosts are declared, and for servers of the platform. */
  readonly place?: HostPlace;
}

export type InstanceState = "starting" | "up" | "unhealthy" | "draining" | "stopped";

/** What an engine sees of one instance now. */
export interface InstanceObservation {
  readonly spec: LaunchSpec;
  readonly state: InstanceState;
  /** One sentence: why it is in this state (`exited with code 1`, `no answer on 127.1.1.10:12000 yet`). */
  readonly reason: string;
  /** Stable code for the reason where there is one: `COMMAND_NOT_FOUND`, `EXITED`, `START_TIMEOUT`, `PORT_IGNORED`, `PORT_TAKEN`, `UNHEALTHY`, `KILLED`, `OUT_OF_MEMORY` … */
  readonly reasonCode: string;
  readonly pid: number | undefined;
  /** Wall time of the process start in ms. */
  readonly startedAtMs: number;
  /** Wall time of the last change of `state`. */
  readonly sinceMs: number;
  /** Wall time when it was first healthy. */
  readonly healthyAtMs: number | undefined;
  readonly exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  readonly logFile: string;
  /** True when the engine registers it because the program does not itself. */
  readonly registeredByEngine: boolean;
}

/** The port every engine (process, container, kubernetes, aws) implements. All calls are idempotent by instance id. */
export interface Engine {
  /**
   * Starts an instance; resolves once the engine has accepted it (`starting`) within seconds, however long starting takes, or
   * once it is known not to start (`stopped`, with the reason). Never twice for one id: that is what engines that choose names
   * of their own make idempotent by (client token, name, label).
   *
   * @throws PlatformError `AGENT_UNREACHABLE` when the zone's agent does not answer, `EPOCH_STALE` when another
   * controller has taken over.
   */
  launch(spec: LaunchSpec): Promise<InstanceObservation>;
  /** Out of service, drained, SIGTERM, then SIGKILL after `drainMs`. Resolves when accepted. Unknown ids are fine. */
  terminate(id: InstanceId, cause: string): Promise<void>;
  /**
   * Sends a signal at once (`SIGKILL`, `SIGSTOP`, `SIGCONT`, `SIGTERM`); nothing is drained.
   *
   * @throws PlatformError `SIGNAL_UNSUPPORTED` (501) where instances hear no such signal; `SIGKILL` all must have.
   */
  signal(id: InstanceId, signal: EngineSignal, cause: string): Promise<void>;
  /**
   * All instances of all reachable zones, and the zones that did not answer. Reads what was written: an instance whose launch
   * was accepted is listed from then on. Who is missing is gone; an engine above an API that lists late remembers for it.
   */
  list(): Promise<EngineListing>;
  /**
   * Calls `onChange` with each new observation until `signal` aborts; reconnects by itself. `onBreak` is called with the zone
   * whenever the news from it has broken off: time to ask.
   */
  watch(
    onChange: (observation: InstanceObservation) => void,
    signal: AbortSignal,
    onBreak?: (zone: string) => void,
  ): void;
  /**
   * Asks instances over HTTP, from inside of their zones: `GET path` on each one's own port. Those whose agent does not
   * answer, or does not know them, are left out: nothing can be said of them. Never rejects. Engines without it have no
   * check of kind `http`.
   */
  ask?(questions: readonly HttpQuestion[]): Promise<readonly HttpAnswer[]>;
  /**
   * What instances use now, as the engine measures it from outside, whatever runs in them. Those that nothing can be said of
   * are left out. Never rejects. Engines without it leave programs that measure nothing themselves unmeasured.
   */
  usage?(ids: readonly InstanceId[]): Promise<readonly InstanceUse[]>;
}

/** What one instance uses, all its processes together. */
export interface InstanceUse {
  readonly id: InstanceId;
  /** Processor time since its start, in seconds. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** One look at an instance, from its own zone. */
export interface HttpQuestion {
  readonly id: InstanceId;
  readonly path: string;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly id: InstanceId;
  /** `undefined`: there was none. */
  readonly status: number | undefined;
  /** `/health answers 503`. */
  readonly detail: string;
}

export type EngineSignal = "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM";
export const engineSignals: readonly EngineSignal[] = ["SIGKILL", "SIGSTOP", "SIGCONT", "SIGTERM"];

export interface EngineListing {
  readonly instances: readonly InstanceObservation[];
  /** Names of zones whose agent did not answer: their instances are unknown, not dead. */
  readonly unreachableZones: readonly string[];
  /** Those of them whose agent is known not to run: nobody listens where it would. */
  readonly zonesWithoutAgent?: readonly string[];
}
