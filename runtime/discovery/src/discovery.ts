import { backoffMs, type Clock, type Log, messageOf, PlatformError, type Random, type Timer } from "@holdfast/kernel";
import {
  type AckMessage,
  type DeltaMessage,
  type InstanceRecord,
  parseCursor,
  RegistryPaths,
  type SnapshotMessage,
  type SseEvent,
} from "@holdfast/wire";
import { LastViewFile } from "./last-view-file.ts";
import { type RegistryAccess, RegistryCaller } from "./registry-call.ts";
import { RegistryStream } from "./registry-stream.ts";
import { type ServerList, View } from "./view.ts";

export interface DiscoveryOptions extends RegistryAccess {
  /** Where the last view is kept for a start while every registry is down. Default: nowhere. */
  readonly lastViewFile?: string | undefined;
}

export type DiscoveryState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly registry: string; readonly cursor: string }
  /** No registry answers; the view is the last one seen. */
  | { readonly kind: "stale"; readonly sinceMs: number; readonly reason: string };

/** A registry younger than this may not know everybody yet. */
const youngRegistryMs = 10_000;
/** While on another zone's registry, look for our own again so often. */
const homeCheckMs = 30_000;

/**
 * The registry's view, pushed into this process. Follows one registry's stream, own zone first; when it dies or falls
 * silent, goes on with the next at once; when all are down, keeps the last view for as long as it takes.
 */
export class Discovery implements ServerList {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #options: DiscoveryOptions;
  readonly #view = new View();
  readonly #caller: RegistryCaller;
  readonly #file: LastViewFile | undefined;
  readonly #waiting = new Set<() => void>();
  #state: DiscoveryState = { kind: "connecting" };
  #stream: RegistryStream | undefined;
  #index = 0;
  #failures = 0;
  /** Where in which registry's history the view stands. */
  #seen: { readonly registry: string; readonly cursor: string } | undefined;
  #listener = "";
  #retry: Timer | undefined;
  #refresh: Timer | undefined;
  #home: Timer | undefined;
  #stopped = true;

  constructor(clock: Clock, random: Random, log: Log, options: DiscoveryOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#options = options;
    this.#caller = new RegistryCaller(clock, options.localAddress);
    if (options.lastViewFile !== undefined) this.#file = new LastViewFile(options.lastViewFile, clock, log);
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#home = this.#clock.every(homeCheckMs, () => this.#goHome());
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#retry, this.#refresh, this.#home]) timer?.cancel();
    this.#stream?.close();
    this.#file?.close();
    this.#caller.close();
  }

  /**
   * Resolves with the first view, be it live or the last one kept on disk.
   *
   * @throws PlatformError `REGISTRY_UNREACHABLE` when there is none within `timeoutMs`.
   */
  ready(timeoutMs: number): Promise<void> {
    if (this.#state.kind !== "connecting") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const timer = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(done);
        const message = `discovery: no registry answered within ${timeoutMs} ms`;
        reject(new PlatformError("REGISTRY_UNREACHABLE", message, { next: "holdfast status", status: 503 }));
      });
      this.#waiting.add(done);
    });
  }

  instances(app: string): readonly InstanceRecord[] {
    return this.#view.instances(app);
  }

  apps(): readonly string[] {
    return this.#view.apps();
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    return this.#view.subscribe(onChange);
  }

  /** With `resume`, a registry we were at gets asked only for what we missed. */
  #connect(resume = true): void {
    if (this.#stopped) return;
    const base = this.#options.registries[this.#index];
    if (base === undefined) return this.#turnStale("no registry is configured");
    const cursor = resume && this.#seen?.registry === base ? this.#seen.cursor : undefined;
    const options = { cursor, localAddress: this.#options.localAddress };
    this.#stream = new RegistryStream(this.#clock, base, options, {
      onEvent: (event) => this.#receive(base, event),
      onEnd: (reason) => this.#lost(base, reason),
    });
  }

  #receive(base: string, event: SseEvent): void {
    if (event.event === "snapshot") this.#takeSnapshot(base, JSON.parse(event.data));
    else if (event.event === "delta") this.#takeDelta(base, JSON.parse(event.data));
  }

  #takeSnapshot(base: string, snapshot: SnapshotMessage): void {
    this.#listener = snapshot.listener;
    const startedMs = parseCursor(snapshot.cursor)?.epoch ?? 0;
    const isYoung = Math.abs(this.#clock.wallMs() - startedMs) < youngRegistryMs;
    const wouldShrink = snapshot.instances.length < this.#view.size;
    const keepMissing = isYoung && wouldShrink;
    this.#view.replace(snapshot.instances, keepMissing);
    // What a young registry did not name is believed for as long as everybody needs to register again, then dropped.
    if (keepMissing) this.#refreshLater();
    this.#turnLive(base, snapshot.cursor);
  }

  #takeDelta(base: string, delta: DeltaMessage): void {
    if (delta.listener !== undefined) this.#listener = delta.listener;
    this.#view.apply(delta);
    this.#turnLive(base, delta.cursor);
    if (delta.ack !== true) return;
    const ack: AckMessage = { listener: this.#listener, cursor: delta.cursor };
    this.#caller.call(base, "POST", RegistryPaths.acks, ack).catch((error: unknown) => {
      this.#log.debug("discovery.ack.lost", { registry: base, error });
    });
  }

  #turnLive(registry: string, cursor: string): void {
    if (this.#state.kind === "stale") this.#log.info("discovery.live", { registry });
    this.#failures = 0;
    this.#seen = { registry, cursor };
    this.#state = { kind: "live", registry, cursor };
    this.#file?.schedule(() => this.#view.all());
    for (const done of this.#waiting) done();
  }

  #lost(base: string, reason: string): void {
    this.#stream = undefined;
    if (this.#stopped) return;
    this.#failures += 1;
    this.#index = (this.#index + 1) % Math.max(1, this.#options.registries.length);
    this.#log.debug("discovery.lost", { registry: base, reason });
    // One round over all registries goes at full speed; only then is there reason to wait.
    if (this.#failures < this.#options.registries.length) return this.#connect();
    this.#turnStale(reason);
    const rounds = this.#failures - this.#options.registries.length + 1;
    const delayMs = backoffMs(rounds, { initialMs: 100, maxMs: 3_000, factor: 1.5 }) * (0.5 + this.#random.next());
    this.#retry?.cancel();
    this.#retry = this.#clock.after(delayMs, () => this.#connect());
  }

  #turnStale(reason: string): void {
    if (this.#state.kind === "stale") return;
    if (this.#state.kind === "connecting") {
      const kept = this.#file?.read() ?? [];
      if (kept.length === 0) return;
      this.#view.replace(kept, false);
    }
    this.#log.warn("discovery.stale", { reason, instances: this.#view.size });
    this.#state = { kind: "stale", sinceMs: this.#clock.wallMs(), reason: messageOf(reason) };
    for (const done of this.#waiting) done();
  }

  #refreshLater(): void {
    this.#refresh?.cancel();
    this.#refresh = this.#clock.after(youngRegistryMs, () => this.#reopen(this.#index));
  }

  /** Back to our own zone's registry when it answers again. */
  #goHome(): void {
    const home = this.#options.registries[0];
    if (this.#index === 0 || home === undefined || this.#state.kind !== "live") return;
    this.#caller.call(home, "GET", RegistryPaths.health).then(
      (answer) => {
        if (answer.status === 200 && this.#index !== 0) this.#reopen(0);
      },
      () => {},
    );
  }

  #reopen(index: number): void {
    if (this.#stopped) return;
    this.#stream?.close();
    this.#retry?.cancel();
    this.#index = index;
    this.#connect(false);
  }
}
