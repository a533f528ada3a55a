import { backoffMs, type Clock, type Log, messageOf, type Random, type Timer } from "@holdfast/kernel";
import {
  type ConfigChange,
  type ConfigSnapshot,
  configPaths,
  type DeploymentContext,
  type ServedProperty,
  type SseEvent,
} from "@holdfast/wire";
import type { Config } from "../core/config.ts";
import type { Origin, Value } from "../core/layers.ts";
import { contextQuery } from "../deployment-context.ts";
import { type OpenConfigStream, type OpenStream, openConfigStream } from "./config-stream.ts";
import { isServed, readSnapshot, settled } from "./settled-values.ts";
import type { SnapshotFile } from "./snapshot-file.ts";

export interface RemoteSourceOptions {
  /** Base URLs, tried in turn. */
  readonly servers: readonly string[];
  readonly context: DeploymentContext;
  /** The instance's. */
  readonly token?: string | undefined;
  /** Where settled values are kept for a start while no server answers. */
  readonly snapshot?: SnapshotFile | undefined;
  /** So long a start waits for a server before the snapshot counts, in ms. Default 500. */
  readonly startMs?: number;
  readonly open?: OpenConfigStream;
}

/** How far what a process knows may be behind. */
export interface Staleness {
  /** A server is connected, and all it says is known. */
  readonly isFresh: boolean;
  /** Since when not, in ms; 0 when fresh. */
  readonly forMs: number;
  /** The values come from a file of an earlier run. */
  readonly fromSnapshot: boolean;
  readonly revision: number;
  readonly server: string;
  /** Why the last connection ended, or could not be made. */
  readonly problem: string | undefined;
}

/** Three of the server's heartbeats. */
const silenceMaxMs = 15_000;
const backoff = { initialMs: 200, maxMs: 5_000, factor: 2 };
/** Many changes in a row are written once. */
const saveAfterMs = 1_000;

/**
 * The configuration servers' word in the `remote` layer, pushed. While none answers the last values stay and `staleness`
 * says so; at a start without a server, those of the snapshot count: settled ones only, never one that was on trial.
 */
export class RemoteSource {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #options: RemoteSourceOptions;
  readonly #properties = new Map<string, ServedProperty>();
  #epoch = "";
  #revision = -1;
  #next = 0;
  #attempts = 0;
  #server = "";
  #problem: string | undefined;
  #stream: OpenStream | undefined;
  #lastSignMs = 0;
  #staleSinceMs: number | undefined;
  #fromSnapshot = false;
  #watchdog: Timer | undefined;
  #retry: Timer | undefined;
  #saving: Timer | undefined;
  #stopped = false;
  #onFirst: (() => void) | undefined;

  constructor(config: Config, clock: Clock, random: Random, log: Log, options: RemoteSourceOptions) {
    this.#config = config;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#options = options;
    this.#staleSinceMs = clock.monotonicMs();
    this.#next = options.servers.length === 0 ? 0 : Math.floor(random.next() * options.servers.length);
  }

  get staleness(): Staleness {
    const forMs = this.#staleSinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#staleSinceMs;
    return {
      isFresh: this.#staleSinceMs === undefined,
      forMs,
      fromSnapshot: this.#fromSnapshot,
      revision: this.#revision,
      server: this.#server,
      problem: this.#problem,
    };
  }

  /** Connects. Resolves when the values are there: a server's, or after `startMs` those of the snapshot. Never throws. */
  async start(): Promise<void> {
    const { startMs = 500, servers } = this.#options;
    if (servers.length === 0) return;
    const first = new Promise<void>((resolve) => (this.#onFirst = resolve));
    this.#connect();
    this.#watchdog = this.#clock.every(1_000, () => this.#watch());
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => (timer = this.#clock.after(startMs, resolve)));
    await Promise.race([first, late]);
    timer?.cancel();
    if (this.#revision < 0 && !this.#stopped) this.#takeSnapshotFile();
  }

  stop(): void {
    this.#stopped = true;
    this.#stream?.close();
    this.#watchdog?.cancel();
    this.#retry?.cancel();
    if (this.#saving !== undefined) this.#save();
    this.#onFirst?.();
  }

  #connect(): void {
    const { servers, context, token, open = openConfigStream } = this.#options;
    const server = servers[this.#next % servers.length] ?? "";
    this.#next += 1;
    this.#server = server;
    this.#lastSignMs = this.#clock.monotonicMs();
    const url = `${server.replace(/\/$/, "")}${configPaths.stream}?${contextQuery(context)}`;
    this.#stream = open(url, token, {
      onOpen: () => {},
      onSign: () => void (this.#lastSignMs = this.#clock.monotonicMs()),
      onEvent: (event) => this.#onEvent(event),
      onEnd: (why) => this.#onEnd(why),
    });
  }

  #watch(): void {
    if (this.#stream === undefined) return;
    if (this.#clock.monotonicMs() - this.#lastSignMs < silenceMaxMs) return;
    this.#stream.close();
    this.#onEnd(`was silent for ${silenceMaxMs / 1_000} s`);
  }

  #onEnd(why: string): void {
    this.#stream = undefined;
    if (this.#stopped) return;
    this.#staleSinceMs ??= this.#clock.monotonicMs();
    const problem = `${this.#server} ${why}`;
    if (problem !== this.#problem) this.#log.warn("config.server.lost", { server: this.#server, why });
    this.#problem = problem;
    this.#attempts += 1;
    // Half to whole: the callers of a server that has died do not all come back in the same moment.
    const waitMs = backoffMs(this.#attempts, backoff) * (0.5 + this.#random.next() / 2);
    this.#retry = this.#clock.after(waitMs, () => this.#connect());
  }

  #onEvent({ event, data }: SseEvent): void {
    if (event !== "snapshot" && event !== "change") return;
    let read: unknown;
    try {
      read = JSON.parse(data);
    } catch (error) {
      return this.#garbage(`an event ${event} that is no JSON (${messageOf(error)})`);
    }
    if (event === "snapshot") {
      const snapshot = readSnapshot(read);
      if (snapshot === undefined) this.#garbage("a snapshot that is none");
      else this.#takeSnapshot(snapshot);
    } else this.#takeChange(read as Partial<ConfigChange> | null);
  }

  /** What is known stays; another server may make more sense. */
  #garbage(what: string): void {
    this.#stream?.close();
    this.#onEnd(`sent ${what}`);
  }

  #takeSnapshot(snapshot: ConfigSnapshot): void {
    this.#epoch = snapshot.epoch;
    this.#revision = snapshot.revision;
    this.#properties.clear();
    for (const property of snapshot.properties) this.#properties.set(property.key, property);
    this.#fresh();
  }

  #takeChange(change: Partial<ConfigChange> | null): void {
    const { revision, set, removed } = change ?? {};
    if (typeof revision !== "number" || !Array.isArray(set) || !Array.isArray(removed) || !set.every(isServed)) {
      return this.#garbage("a change that is none");
    }
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const key of removed) this.#properties.delete(String(key));
    for (const property of set) this.#properties.set(property.key, property);
    this.#fresh();
  }

  #fresh(): void {
    this.#attempts = 0;
    if (this.#staleSinceMs !== undefined) this.#log.info("config.server.connected", { server: this.#server });
    this.#staleSinceMs = undefined;
    this.#fromSnapshot = false;
    this.#problem = undefined;
    this.#publish(this.#properties.values(), this.#server);
    this.#saveSoon();
    this.#onFirst?.();
  }

  #publish(properties: Iterable<ServedProperty>, source: string): void {
    const entries = new Map<string, { value: Value; origin: Origin }>();
    for (const { key, value, revision, author, reason, atMs, trial, secret } of properties) {
      const origin: Origin = {
        source,
        revision,
        author,
        atMs,
        ...(reason === undefined ? {} : { reason }),
        ...(trial === undefined ? {} : { trial: trial.id }),
        ...(secret === undefined ? {} : { secret }),
      };
      entries.set(key, { value, origin });
    }
    this.#config.replace("remote", "configuration server", entries);
  }

  #takeSnapshotFile(): void {
    const kept = this.#options.snapshot?.read();
    if (kept === undefined) return;
    this.#fromSnapshot = true;
    this.#publish(kept.properties, `as kept at ${new Date(kept.savedAtMs).toISOString()}`);
    this.#log.warn("config.snapshot.used", { savedAtMs: kept.savedAtMs, revision: kept.revision });
  }

  #saveSoon(): void {
    if (this.#options.snapshot === undefined || this.#saving !== undefined) return;
    this.#saving = this.#clock.after(saveAfterMs, () => this.#save());
  }

  #save(): void {
    this.#saving?.cancel();
    this.#saving = undefined;
    const snapshot = { epoch: this.#epoch, revision: this.#revision, properties: [...this.#properties.values()] };
    try {
      this.#options.snapshot?.write(settled(snapshot, this.#clock.wallMs()));
    } catch (error) {
      this.#log.warn("config.snapshot.not-written", { error });
    }
  }
}
