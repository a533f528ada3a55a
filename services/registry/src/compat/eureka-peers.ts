import type { Clock, Log, Timer } from "@holdfast/kernel";
import {
  type EurekaInstance,
  type EurekaReplication,
  type EurekaReplicationAnswer,
  eurekaIdOf,
} from "@holdfast/wire/eureka";
import { byPeer, type EurekaActionListener, type EurekaActions } from "./eureka-actions.ts";
import { type EurekaCall, eurekaUrl } from "./eureka-call.ts";
import { EurekaPeer, type EurekaPeerOptions } from "./eureka-peer.ts";
import { appKey, idKey } from "./keys.ts";
import type { ReplicationTask } from "./replication-queue.ts";
import type { AsgStatus } from "./status-rules.ts";
import type { EurekaStore, Held, StoreChange } from "./store.ts";
import { toEureka } from "./to-eureka.ts";

/** Netflix's `maxTimeForReplication`; also how long a heartbeat is news when the client does not state its interval. */
const newsMs = 30_000;
/** Instances of ours renew far more often than Eureka servers need to hear. */
const nativeHeartbeatMs = 30_000;
const groupRetryMs = 1_000;
/** `by` of what was said at this registry, not told by a peer. */
const saidHere: ReadonlySet<string> = new Set(["instance", "operator", "eureka"]);

/**
 * Tells other Eureka servers what happens here, each on its own: a dead one holds up nobody.
 *
 * Of instances that use Eureka's API it passes on what their own heartbeats and calls say here; of instances of ours,
 * which those servers cannot hear of in any other way, also that they are alive, each 30 s, and that their lease ended.
 * What a server of theirs told us is never passed on.
 */
export class EurekaPeers {
  readonly #clock: Clock;
  readonly #store: EurekaStore;
  readonly #call: EurekaCall;
  readonly #peers: readonly EurekaPeer[];
  readonly #stop: () => void;
  readonly #beat: Timer | undefined;
  readonly #closing = new AbortController();
  #actions: Pick<EurekaActions, "register" | "override"> | undefined;

  constructor(
    clock: Clock,
    log: Log,
    store: EurekaStore,
    urls: readonly string[],
    call: EurekaCall,
    options: Partial<EurekaPeerOptions> = {},
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#call = call;
    const onOutcome = this.#resolve.bind(this);
    this.#peers = urls.map((url) => new EurekaPeer(url, clock, log, call, onOutcome, options));
    const needed = urls.length > 0;
    this.#stop = needed ? store.onChange((change) => this.#onChange(change)) : () => {};
    this.#beat = needed ? clock.every(nativeHeartbeatMs, () => this.#beatForOurs()) : undefined;
  }

  /** What takes a peer's better knowledge into the registry. */
  use(actions: Pick<EurekaActions, "register" | "override">): void {
    this.#actions = actions;
  }

  get peers(): readonly EurekaPeer[] {
    return this.#peers;
  }

  /** What a client did here that changes nothing in the store. */
  readonly onAction: EurekaActionListener = ({ kind, app, id, asg }) => {
    if (kind === "asg" && asg !== undefined) return this.#tellAsg(id, asg);
    if (this.#peers.length === 0) return;
    const held = this.#store.find(app, id);
    if (held !== undefined) this.#tell("Heartbeat", held);
  };

  close(): void {
    this.#stop();
    this.#beat?.cancel();
    this.#closing.abort();
    for (const peer of this.#peers) peer.close();
  }

  #onChange({ held, before, by }: StoreChange): void {
    const known = held ?? before;
    if (known === undefined) return;
    // The account is the same, callers see another status: an operator's word, whose name may be anybody's.
    if (held !== undefined && before?.record.version === held.record.version && by !== byPeer) {
      return this.#tell(held.override === undefined ? "DeleteStatusOverride" : "StatusUpdate", held);
    }
    const ours = known.record.eureka === undefined;
    if (!saidHere.has(by) && !(ours && held === undefined && (by === "lease" || by === "probe"))) return;
    this.#tell(held === undefined ? "Cancel" : "Register", known);
  }

  #beatForOurs(): void {
    for (const held of this.#store.list()) {
      if (held.record.eureka === undefined) this.#tell("Heartbeat", held);
    }
  }

  #tell(action: EurekaReplication["action"], held: Held): void {
    for (const peer of this.#peers) peer.tell(this.#task(action, held));
  }

  #task(action: EurekaReplication["action"], told: Held): ReplicationTask {
    const { app, id } = told.record;
    const nowMs = this.#clock.monotonicMs();
    const intervalMs = (told.record.eureka?.leaseInfo?.renewalIntervalInSecs ?? 0) * 1_000;
    const byInterval = action === "Heartbeat" || action === "Register";
    return {
      key: `${action}#${app}/${id}`,
      app,
      id,
      addedAtMs: nowMs,
      expiresAtMs: nowMs + (byInterval && intervalMs > 0 ? intervalMs : newsMs),
      say: () => sayOf(action, action === "Cancel" ? told : this.#store.find(app, id)),
    };
  }

  /** 404 to a heartbeat: it gets our copy. 409 with its own copy: that one is newer, and becomes ours. */
  #resolve(task: ReplicationTask, said: EurekaReplication, answer: EurekaReplicationAnswer): void {
    if (said.action !== "Heartbeat") return;
    const held = this.#store.find(task.app, task.id);
    if (held === undefined) return;
    if (answer.statusCode === 404) return this.#tell("Register", held);
    const theirs = answer.responseEntity;
    // Nobody but the instance itself tells us better what an instance of ours is.
    if (answer.statusCode !== 409 || theirs === undefined || held.record.eureka === undefined) return;
    if (!isSame(theirs, task)) return;
    this.#actions?.register(theirs, true);
  }

  /** Not in batches, as with Netflix; to the registries of this cluster too, which share no groups otherwise. */
  #tellAsg(name: string, status: AsgStatus): void {
    const own = this.#store.peers().map((peer) => eurekaUrl(peer.url, "eureka/v2"));
    const path = `asg/${encodeURIComponent(name)}/status?value=${status}`;
    const headers = { "x-netflix-discovery-replication": "true", "content-length": "0" };
    for (const base of [...this.#peers.map((peer) => peer.url), ...own]) {
      void this.#tellAsgTo({ method: "PUT", url: eurekaUrl(base, path), headers }, this.#clock.monotonicMs() + newsMs);
    }
  }

  async #tellAsgTo(request: Parameters<EurekaCall>[0], untilMs: number): Promise<void> {
    while (this.#clock.monotonicMs() < untilMs) {
      const result = await this.#call(request);
      if (result.kind === "answer" && result.status !== 503) return;
      await this.#clock.sleep(groupRetryMs, this.#closing.signal).catch(() => {});
      if (this.#closing.signal.aborted) return;
    }
  }
}

function sayOf(action: EurekaReplication["action"], held: Held | undefined): EurekaReplication | undefined {
  if (held === undefined) return undefined;
  const instance = toEureka(held);
  return {
    appName: instance.app,
    id: eurekaIdOf(instance),
    lastDirtyTimestamp: instance.lastDirtyTimestamp ?? 0,
    overriddenStatus: instance.overriddenStatus,
    status: instance.status,
    ...(action === "Register" ? { instanceInfo: instance } : {}),
    action,
  };
}

function isSame(instance: EurekaInstance, task: ReplicationTask): boolean {
  return appKey(instance.app) === task.app && idKey(eurekaIdOf(instance)) === task.id;
}
