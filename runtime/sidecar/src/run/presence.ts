import type { InstanceStatus } from "@holdfast/wire";

/** How the parent stands in the world: registered, and reached by its callers. */
export interface Presence {
  /** Where callers come. */
  readonly url: string;
  readonly status: InstanceStatus;
  /** The parent's state has changed; called only with what is new. */
  parentTurned(): void;
  /** Out of rotation; resolves when callers have seen it and what was under way is done, or the time is over. */
  leave(cause: string, maxMs: number): Promise<void>;
}
