import type { Clock } from "@holdfast/kernel";
import type { RegistryProfile } from "@holdfast/wire";
import type { EurekaStore } from "./store.ts";

/** `redirect` has the base URL of a peer that serves. */
export type GateAnswer =
  | { readonly kind: "open" }
  | { readonly kind: "redirect"; readonly base: string }
  | { readonly kind: "refuse"; readonly status: 403 | 503; readonly reason: string };

const open: GateAnswer = { kind: "open" };

/** Netflix's `waitTimeInMsWhenSyncEmpty`. */
const emptySyncWaitMs = 300_000;

/**
 * Whether a request is to be answered here.
 *
 * A registry that drains sends everybody to a peer (Eureka's `StatusFilter`); one that still asks its peers sends
 * readers there, and takes what instances say. Profile `compat` answers such readers 403, as Netflix does, and goes on for
 * 5 minutes when its peers had nothing to tell: an empty answer would empty the clients. A registry without peers has
 * nobody to wait for.
 */
export class ReadGate {
  readonly #clock: Clock;
  readonly #store: EurekaStore;
  readonly #profile: RegistryProfile;
  readonly #startedAtMs: number;
  readonly #stop: () => void;
  #hasServed = false;
  #heardOfAny = false;

  constructor(clock: Clock, store: EurekaStore, profile: RegistryProfile) {
    this.#clock = clock;
    this.#store = store;
    this.#profile = profile;
    this.#startedAtMs = clock.monotonicMs();
    // What is there before the first answer was told by peers; later a peer's name shows it.
    this.#stop = store.onChange((change) => {
      if (change.held !== undefined && (!this.#hasServed || !spokenHere.has(change.by))) this.#heardOfAny = true;
    });
  }

  read(): GateAnswer {
    const { serving } = this.#store;
    if (!serving) return this.#notServing("read");
    this.#noteServing();
    if (!this.#waitsForPeers()) return open;
    return { kind: "refuse", status: 403, reason: "registry: its peers had nothing to tell yet; ask another one" };
  }

  write(): GateAnswer {
    if (!this.#store.serving) return this.#notServing("write");
    this.#noteServing();
    return open;
  }

  close(): void {
    this.#stop();
  }

  #notServing(what: "read" | "write"): GateAnswer {
    // Instances that speak while we ask our peers are heard: what they say is theirs to say.
    if (!this.#hasServed && what === "write") return open;
    if (!this.#hasServed && this.#profile === "compat") {
      return { kind: "refuse", status: 403, reason: "registry: is still asking its peers; ask another one" };
    }
    const peer = this.#store.peers().find(({ state }) => state === "up");
    if (peer !== undefined) return { kind: "redirect", base: peer.url };
    const doing = this.#hasServed ? "is about to stop" : "is still asking its peers";
    return { kind: "refuse", status: 503, reason: `registry: ${doing}, and no peer is known to serve; try again` };
  }

  #noteServing(): void {
    if (this.#hasServed) return;
    this.#hasServed = true;
    if (this.#store.size > 0) this.#heardOfAny = true;
  }

  #waitsForPeers(): boolean {
    if (this.#profile !== "compat" || this.#heardOfAny || this.#store.peers().length === 0) return false;
    return this.#clock.monotonicMs() - this.#startedAtMs < emptySyncWaitMs;
  }
}

/** `by` of changes that came to this registry itself. */
const spokenHere: ReadonlySet<string> = new Set(["instance", "operator", "lease", "probe", "eureka", "damper"]);
