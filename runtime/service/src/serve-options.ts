import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Config } from "@holdfast/config";
import type { Clock, Log, Random } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import type { Resilience } from "@holdfast/resilience";
import type { Readiness } from "./admin/admin-source.ts";
import type { Handler } from "./handler.ts";
import type { HealthCheck } from "./health/health-check.ts";
import type { Identity } from "./identity.ts";
import type { Component } from "./lifecycle/component.ts";
import type { Logs } from "./logs/process-logs.ts";
import type { Tracing } from "./process-trace.ts";
import type { ServerLimit } from "./server-limit.ts";

export interface ServeOptions {
  /** The logical name callers use. Default: what the environment says. */
  readonly name?: string;
  readonly handler: Handler;
  /** Default: PORT, else 3000. */
  readonly port?: number;
  /** Default: HOST, else 127.0.0.1. */
  readonly host?: string;
  /**
   * Parts that are started, by their dependencies, before anybody is served, and stopped after: see `Component`. A start that
   * fails fails `serve`.
   */
  readonly components?: readonly Component[];
  /** What is asked to know whether this instance can serve, or is broken, or a dependency is: see `HealthCheck`. */
  readonly checks?: readonly HealthCheck[];
  /**
   * The short form of one check. Whether this instance can serve: `false` or a throw makes it DOWN, with the message as reason. Waited for at most 1 s,
   * never asked again before it has answered; asked each 250 ms until it first says yes, each 2 s from then on.
   */
  readonly health?: () => boolean | Promise<boolean>;
  /** Runs after the last request and before the process ends; waited for until `drainMs` is over, at least 1 s. */
  readonly onStop?: () => void | Promise<void>;
  /** Runs when the drain begins: open answers without an end (streams) are to be ended. */
  readonly onDrain?: () => void;
  readonly onUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Longest time from SIGTERM to the end, but for deregistering and `onStop` (at most 1 s each then). Default 10 000 ms. */
  readonly drainMs?: number;
  /**
   * How many requests are handled at a time; more wait for a moment in order of priority and then get 503 with `Retry-After`.
   * A number, or `"adaptive"`: as many as the service does without a queue, learnt from how long they take. Health checks
   * and what `exempt` says are not limited. Default: no limit.
   */
  readonly limit?: ServerLimit;
  /** Longer bodies are answered with 413. Infinity: none is, as a proxy wants it. Default 10 MiB. */
  readonly bodyBytesMax?: number;
  /** A request that has not come whole after so long is answered with 408. Default 300 000 ms. */
  readonly requestMaxMs?: number;
  /** Share the port with another process of ours. Default false. */
  readonly reusePort?: boolean;
  /**
   * A request without a body is over when the handler gets it: it emits no `end`. Saves a sixth of a small request's
   * time, for handlers that do not wait for the end of what has no body. Default false.
   */
  readonly endEmptyRequests?: boolean;
  /** Do not enter the registry. Default false. */
  readonly unregistered?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Stop on SIGTERM and SIGINT and end the process once all services in it have stopped; a second signal ends it at once.
   * Default true.
   */
  readonly handleSignals?: boolean;
}

/** What a running service stands on; tests bring their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meters: MeterRegistry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: that of the process. */
  readonly resilience?: Resilience;
  /** Says where meters are sent. Default: nowhere. */
  readonly config?: Config;
  /** What `log` writes to; levels and secrets. Default: those of the process. */
  readonly logs?: Logs;
  /** Makes spans of the requests served. Default: none. */
  readonly tracing?: Tracing;
}

export interface RunningService {
  readonly identity: Identity;
  readonly url: string;
  readonly port: number;
  readonly adminPort: number;
  readonly readiness: Readiness;
  /** Drains and stops; the second call gives the same promise. */
  stop(): Promise<void>;
}
