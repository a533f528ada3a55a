import type { BackoffOptions } from "@holdfast/kernel";
import type { DeltaMessage, InstanceRecord } from "@holdfast/wire";

/** One registry's view, arriving for as long as it lasts. */
export interface Feed {
  /** Ends it without a word to its handlers. */
  close(): void;
}

export interface WholeView {
  readonly instances: readonly InstanceRecord[];
  readonly cursor: string;
  /** Who we are in an acknowledgement; empty where nobody asks for one. */
  readonly listener: string;
  /**
   * For how long this registry has been able to hear of instances, in ms; undefined when it does not say. `Infinity`: what
   * is not named is known to be gone.
   */
  readonly ageMs: number | undefined;
}

export interface FeedEnd {
  readonly reason: string;
  /** It answers, but not in this protocol. */
  readonly isForeign: boolean;
  /** How patiently to try again, when not as usual. */
  readonly backoff?: BackoffOptions | undefined;
}

export interface FeedHandlers {
  onWhole(view: WholeView): void;
  onDelta(delta: DeltaMessage): void;
  /** Called once, and nothing after it. */
  onEnd(end: FeedEnd): void;
}
