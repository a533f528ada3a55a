import {
  type BackoffOptions,
  backoffMs,
  type Clock,
  type Log,
  PlatformError,
  type Random,
  type Timer,
} from "@holdfast/kernel";
import { type AckMessage, type DeltaMessage, type InstanceRecord, RegistryPaths } from "@holdfast/wire";
import { type RegistryAccess, type RegistryKind, transportOf } from "./access.ts";
import { EurekaFeed } from "./compat/eureka-feed.ts";
import { EurekaMerge } from "./compat/eureka-merge.ts";
import { EurekaServer } from "./compat/eureka-server.ts";
import type { Feed, FeedEnd, FeedHandlers, WholeView } from "./feed.ts";
import { HeldBack } from "./held-back.ts";
import { LastViewFile } from "./last-view-file.ts";
import { RegistryStream } from "./registry-stream.ts";
import { nameOf, type RegistryTransport } from "./transport.ts";
import { type ServerList, View } from "./view.ts";

export interface DiscoveryOptions extends RegistryAccess {
  /** Where the last view is kept for a start while every registry is down. Default: nowhere. */
  readonly lastViewFile?: string | undefined;
  /** Between two looks at a registry that does not push. Default: 30 s, Eureka's own; 3 s when the server is ours. */
  readonly pollMs?: number | undefined;
  /** Other regions whose instances an Eureka server is to add: `?regions=`. */
  readonly regions?: readonly string[] | undefined;
}

export type DiscoveryState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly registry: string; readonly cursor: string; readonly via: "stream" | "poll" }
  /** No registry answers; the view is the last one seen, and was known to be true until `sinceMs` (wall). */
  | { readonly kind: "stale"; readonly sinceMs: number; readonly reason: string; readonly from: "memory" | "file" };

/** While on another zone's registry, look for our own again so often. */
const homeCheckMs = 30_000;
/** A feed that lived so long was no flap: its end starts a new count of failures. */
const settledMs = 10_000;
const retryBackoff: BackoffOptions = { initialMs: 100, maxMs: 3_000, factor: 1.5 };

/**
 * The registry's view in this process: pushed by our own registry, polled from one that speaks Eureka. Follows one, own
 * zone first; when it dies or falls silent, goes on with the next at once; when all are down, keeps the last view for as
 * long as it takes.
 */
export class Discovery implements ServerList {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #options: DiscoveryOptions;
  readonly #view = new View();
  readonly #heldBack = new HeldBack();
  readonly #merge = new EurekaMerge();
  readonly #transport: RegistryTransport;
  readonly #ownsTransport: boolean;
  readonly #file: LastViewFile | undefined;
  readonly #waiting = new Set<() => void>();
  /** What registries turned out to speak; forgotten when they fail, since another may come back in their place. */
  readonly #kinds = new Map<string, RegistryKind>();
  #state: DiscoveryState = { kind: "connecting" };
  #feed: Feed | undefined;
  #index = 0;
  #failures = 0;
  /** Monotonic ms when the present feed first brought something. */
  #liveSinceMs: number | undefined;
  /** Where in which registry's history the view stands. */
  #seen: { readonly registry: string; readonly cursor: string } | undefined;
  #listener = "";
  #retry: Timer | undefined;
  #refresh: Timer | undefined;
  #home: Timer | undefined;
  #stopped = true;

  /** @throws OptionError `OPTION_INVALID` for a registry whose URL cannot be used. */
  constructor(clock: Clock, random: Random, log: Log, options: DiscoveryOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#options = options;
    const { transport, isOwn } = transportOf(clock, options);
    this.#transport = transport;
    this.#ownsTransport = isOwn;
    if (options.lastViewFile !== undefined) this.#file = new LastViewFile(options.lastViewFile, clock, log);
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#home = this.#clock.every(homeCheckMs, () => this.#look());
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#retry, this.#refresh, this.#home]) timer?.cancel();
    this.#feed?.close();
    this.#file?.close();
    if (this.#ownsTransport) this.#transport.close();
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
    const kind = this.#kindOf(base);
    const handlers: FeedHandlers = {
      onWhole: (view) => this.#takeWhole(base, view),
      onDelta: (delta) => this.#takeDelta(base, delta),
      onEnd: (end) => this.#ended(base, kind, end),
    };
    this.#liveSinceMs = undefined;
    if (kind === "eureka") {
      const server = new EurekaServer(this.#transport, base, this.#options.regions);
      const { pollMs, kind: asked } = this.#options;
      const options = { pollMs, mayBeOurs: asked === "eureka" };
      this.#feed = new EurekaFeed(this.#clock, this.#random, server, this.#merge, options, handlers);
      return;
    }
    // What is held back is in no registry's history: only a whole view tells whether it is still there.
    const mayResume = resume && this.#heldBack.size === 0;
    const cursor = mayResume && this.#seen?.registry === base ? this.#seen.cursor : undefined;
    const options = { cursor, localAddress: this.#options.localAddress, open: this.#transport.open };
    this.#feed = new RegistryStream(this.#clock, base, options, handlers);
  }

  #kindOf(base: string): RegistryKind {
    const { kind = "auto" } = this.#options;
    return kind === "auto" ? (this.#kinds.get(base) ?? "native") : kind;
  }

  #takeWhole(base: string, { instances, cursor, listener, ageMs }: WholeView): void {
    this.#listener = listener;
    const nowMs = this.#clock.monotonicMs();
    const missing = this.#view.missingFrom(instances);
    const keep = this.#heldBack.decide(missing, this.#view.size, ageMs, nowMs);
    this.#view.replace(instances, keep);
    this.#refreshLater(nowMs);
    this.#turnLive(base, cursor);
  }

  #takeDelta(base: string, delta: DeltaMessage): void {
    if (delta.listener !== undefined) this.#listener = delta.listener;
    this.#view.apply(delta);
    for (const record of delta.upserts) this.#heldBack.named(record);
    this.#turnLive(base, delta.cursor);
    if (delta.ack !== true) return;
    const ack: AckMessage = { listener: this.#listener, cursor: delta.cursor };
    const call = { base, method: "POST", path: RegistryPaths.acks, body: JSON.stringify(ack), timeoutMs: 1_500 };
    this.#transport.call(call).catch((error: unknown) => {
      this.#log.debug("discovery.ack.lost", { registry: nameOf(base), error });
    });
  }

  #turnLive(base: string, cursor: string): void {
    const registry = nameOf(base);
    if (this.#state.kind === "stale") this.#log.info("discovery.live", { registry });
    this.#liveSinceMs ??= this.#clock.monotonicMs();
    this.#seen = { registry: base, cursor };
    this.#state = { kind: "live", registry, cursor, via: this.#kindOf(base) === "eureka" ? "poll" : "stream" };
    this.#file?.schedule(() => this.#view.all());
    for (const done of this.#waiting) done();
  }

  #ended(base: string, kind: RegistryKind, end: FeedEnd): void {
    this.#feed = undefined;
    if (this.#stopped) return;
    if (end.isForeign && kind === "native" && this.#options.kind !== "native") {
      this.#kinds.set(base, "eureka");
      return this.#connect();
    }
    this.#kinds.delete(base);
    this.#lost(base, end);
  }

  #lost(base: string, { reason, backoff }: FeedEnd): void {
    const nowMs = this.#clock.monotonicMs();
    // Registries that let us in and throw us out again count as failing all the while.
    if (this.#liveSinceMs !== undefined && nowMs - this.#liveSinceMs >= settledMs) this.#failures = 0;
    this.#failures += 1;
    this.#index = (this.#index + 1) % Math.max(1, this.#options.registries.length);
    this.#log.debug("discovery.lost", { registry: nameOf(base), reason });
    // One round over all registries goes at full speed; only then is there reason to wait.
    if (this.#failures < this.#options.registries.length) return this.#connect();
    this.#turnStale(reason);
    const rounds = this.#failures - this.#options.registries.length + 1;
    // Patience is for those who have a view.
    const patience = this.#state.kind === "connecting" ? retryBackoff : (backoff ?? retryBackoff);
    const delayMs = backoffMs(rounds, patience) * (0.5 + this.#random.next());
    this.#retry?.cancel();
    this.#retry = this.#clock.after(delayMs, () => this.#connect());
  }

  #turnStale(reason: string): void {
    if (this.#state.kind === "stale") return;
    if (this.#state.kind === "live") {
      this.#state = { kind: "stale", sinceMs: this.#clock.wallMs(), reason, from: "memory" };
    } else {
      const kept = this.#file?.read();
      if (kept === undefined || kept.instances.length === 0) return;
      this.#view.replace(kept.instances);
      this.#state = { kind: "stale", sinceMs: kept.sinceMs, reason, from: "file" };
    }
    this.#log.warn("discovery.stale", { reason, instances: this.#view.size, sinceMs: this.#state.sinceMs });
    for (const done of this.#waiting) done();
  }

  /** What is held back is looked at again when the first of it is due. */
  #refreshLater(nowMs: number): void {
    this.#refresh?.cancel();
    const { nextMs } = this.#heldBack;
    if (nextMs !== undefined) this.#refresh = this.#clock.after(nextMs - nowMs, () => this.#reopen(this.#index));
  }

  /** Each half minute: notes that the view is still true; goes back to our own zone's registry when it answers again. */
  #look(): void {
    const home = this.#options.registries[0];
    if (this.#state.kind !== "live") return;
    this.#file?.confirm();
    if (this.#index === 0 || home === undefined) return;
    void this.#isReady(home).then((isReady) => {
      if (isReady && this.#index !== 0 && this.#state.kind === "live") this.#reopen(0);
    });
  }

  async #isReady(base: string): Promise<boolean> {
    try {
      const call = { base, method: "GET", path: RegistryPaths.health, timeoutMs: 1_500 };
      const { status } = await this.#transport.call(call);
      if (status === 200) return true;
      if (status >= 500 || this.#options.kind === "native") return false;
      return await new EurekaServer(this.#transport, base).isServing();
    } catch {
      return false;
    }
  }

  #reopen(index: number): void {
    if (this.#stopped) return;
    this.#feed?.close();
    this.#retry?.cancel();
    this.#index = index;
    this.#connect(false);
  }
}
