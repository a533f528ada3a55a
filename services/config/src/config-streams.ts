import type { Clock, Timer } from "@holdfast/kernel";
import {
  type ConfigChange,
  type ConfigSnapshot,
  type DeploymentContext,
  encodeSse,
  type PropertyScope,
  type ServedProperty,
  sseHeartbeat,
} from "@holdfast/wire";
import { configError } from "./errors.ts";
import { scopeMatches, scopeName } from "./scope.ts";

/** One open connection of a process, as the shell around it shows it. */
export interface ConfigSink {
  /** Many sinks are given the same bytes. */
  write(bytes: Uint8Array): void;
  /** Bytes that were written and not taken yet. */
  readonly behind: number;
  /** Lets go of the connection at once. */
  drop(): void;
}

export interface ConfigStreamsOptions {
  /** A comment line goes out so often, in ms, that a listener sees a dead server soon. */
  readonly heartbeatMs: number;
  /** A listener this far behind, besides its snapshot, is dropped; it comes back and gets the present state. In bytes. */
  readonly behindMax: number;
  /** So many listeners at once. */
  readonly listenersMax: number;
}

export const configStreamsDefaults: ConfigStreamsOptions = {
  heartbeatMs: 5_000,
  behindMax: 1024 * 1024,
  listenersMax: 10_000,
};

/** Who listens, and how far it was told. */
export interface ListenerView {
  readonly instance: string | undefined;
  readonly sinceMs: number;
  /** The revision that was sent last: all changes up to it that count for this listener. */
  readonly revision: number;
}

/** Encoded once for all. */
const heartbeat = Buffer.from(sseHeartbeat);

interface Listener {
  readonly context: DeploymentContext;
  readonly sinceMs: number;
  readonly behindMax: number;
  revision: number;
}

/** What the streams tell of. */
export interface StreamSource {
  readonly snapshot: (context: DeploymentContext) => ConfigSnapshot;
  readonly one: (key: string, context: DeploymentContext) => ServedProperty | undefined;
  readonly revision: () => number;
  /** Whether instances that are alike in all but their id are told the same, and nothing secret. */
  readonly isShared: (snapshot: ConfigSnapshot) => boolean;
}

/** So many kinds of instances: services by zones, more or less. */
const snapshotsMax = 100;

/** All processes that listen. Each gets a snapshot, then what changes for it, at once. */
export class ConfigStreams {
  readonly #clock: Clock;
  readonly #source: StreamSource;
  readonly #options: ConfigStreamsOptions;
  readonly #listeners = new Map<ConfigSink, Listener>();
  #heartbeat: Timer | undefined;
  #dropped = 0;
  /** Of the present revision: after a restart of the server thousands ask for the same at once. */
  #snapshots = new Map<string, Uint8Array>();
  #snapshotsRevision = -1;

  constructor(clock: Clock, source: StreamSource, options: Partial<ConfigStreamsOptions> = {}) {
    this.#clock = clock;
    this.#source = source;
    this.#options = { ...configStreamsDefaults, ...options };
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** How many were let go because they read too slowly. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @throws PlatformError `CONFIG_LISTENERS_FULL` (503) when as many as may listen already. */
  checkRoom(): void {
    if (this.#listeners.size < this.#options.listenersMax) return;
    const next = "listeners ask again by themselves";
    throw configError("CONFIG_LISTENERS_FULL", `${this.#listeners.size} processes listen already`, 503, next);
  }

  /**
   * Tells `sink` what counts for who is `context` (normal), and goes on until {@link remove}.
   *
   * @throws PlatformError `CONFIG_LISTENERS_FULL` (503).
   */
  add(context: DeploymentContext, sink: ConfigSink): void {
    this.checkRoom();
    const bytes = this.#snapshot(context);
    const behindMax = this.#options.behindMax + bytes.length;
    const revision = this.#source.revision();
    this.#listeners.set(sink, { context, sinceMs: this.#clock.wallMs(), behindMax, revision });
    this.#heartbeat ??= this.#clock.every(this.#options.heartbeatMs, () => this.#beat());
    sink.write(bytes);
  }

  remove(sink: ConfigSink): void {
    this.#listeners.delete(sink);
    if (this.#listeners.size > 0) return;
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
  }

  /** Something about these keys has changed for whoever these scopes cover. */
  publish(touched: readonly { readonly key: string; readonly scope: PropertyScope }[]): void {
    const revision = this.#source.revision();
    const made = new Map<ServedProperty | string, Uint8Array>();
    for (const [sink, listener] of this.#listeners) {
      listener.revision = revision;
      const keys = new Set<string>();
      for (const { key, scope } of touched) if (scopeMatches(scope, listener.context)) keys.add(key);
      if (keys.size > 0) this.#send(sink, listener, this.#change(revision, keys, listener.context, made));
    }
  }

  listeners(): ListenerView[] {
    return Array.from(this.#listeners.values(), ({ context, sinceMs, revision }) => ({
      instance: context.serverId,
      sinceMs,
      revision,
    }));
  }

  close(): void {
    for (const sink of this.#listeners.keys()) sink.drop();
    this.#listeners.clear();
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
  }

  #snapshot(context: DeploymentContext): Uint8Array {
    const revision = this.#source.revision();
    if (revision !== this.#snapshotsRevision) this.#snapshots = new Map();
    this.#snapshotsRevision = revision;
    const { serverId: _own, ...kind } = context;
    const name = scopeName(kind);
    const known = this.#snapshots.get(name);
    if (known !== undefined) return known;
    const snapshot = this.#source.snapshot(context);
    const bytes = encoded("snapshot", snapshot);
    if (this.#snapshots.size < snapshotsMax && this.#source.isShared(snapshot)) this.#snapshots.set(name, bytes);
    return bytes;
  }

  #change(
    revision: number,
    keys: ReadonlySet<string>,
    context: DeploymentContext,
    made: Map<ServedProperty | string, Uint8Array>,
  ): Uint8Array {
    const set: ServedProperty[] = [];
    const removed: string[] = [];
    for (const key of keys) {
      const property = this.#source.one(key, context);
      if (property === undefined) removed.push(key);
      else set.push(property);
    }
    const change: ConfigChange = { revision, set, removed };
    // One key that means the same to all is by far the most frequent change: encoded once.
    const shared = keys.size === 1 ? (set[0] ?? removed[0]) : undefined;
    const known = shared === undefined ? undefined : made.get(shared);
    if (known !== undefined) return known;
    const bytes = encoded("change", change);
    if (shared !== undefined) made.set(shared, bytes);
    return bytes;
  }

  #send(sink: ConfigSink, listener: Listener, bytes: Uint8Array): void {
    if (sink.behind + bytes.length > listener.behindMax) return this.#drop(sink);
    sink.write(bytes);
  }

  #beat(): void {
    // A rush is over in seconds; until the next one this is but memory.
    this.#snapshots = new Map();
    for (const [sink, { behindMax }] of this.#listeners) {
      if (sink.behind > behindMax) this.#drop(sink);
      else sink.write(heartbeat);
    }
  }

  #drop(sink: ConfigSink): void {
    this.#dropped += 1;
    this.remove(sink);
    sink.drop();
  }
}

function encoded(event: string, data: ConfigSnapshot | ConfigChange): Uint8Array {
  return Buffer.from(encodeSse({ event, data: JSON.stringify(data) }));
}
