import type { DeploymentContext } from "@holdfast/wire";
import type { GateFigures } from "./stage.ts";

/** An instance as the gate looks at it. */
export interface GateInstance {
  /** Normal; `serverId` is its id. */
  readonly context: DeploymentContext;
  /** Wall ms since when it is unhealthy, or has ended unasked; null while it is well. */
  readonly unwellSinceMs: number | null;
}

type Counted = Pick<GateFigures, "requests" | "errors" | "p99Ms">;

/** What instances have done since a moment. */
export interface FigureWatch {
  since(instances: ReadonlySet<string>): Counted;
  close(): void;
}

/** The eyes of the gate: the engine's view of instances, and insight's of their requests. */
export interface FigureSource {
  /** What runs now, and what ended unasked within the last minute. */
  instances(): readonly GateInstance[];
  /** What these have done as far back as anybody looked. */
  before(instances: ReadonlySet<string>): Counted;
  /** Reads what these have done by now, instead of when it is due again. Never rejects. */
  look(instances: ReadonlySet<string>): Promise<void>;
  /** Begins to count; exact for those that were looked at just before. */
  watch(): FigureWatch;
}
