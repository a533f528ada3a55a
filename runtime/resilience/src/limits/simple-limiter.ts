import type { CallPermit } from "../command-definition.ts";
import { CountingLimiter } from "./limiter.ts";

/** Lets calls in while fewer than the limit are under way, and turns all others away at once. */
export class SimpleLimiter<C = unknown> extends CountingLimiter<C> {
  acquire(context?: C): CallPermit | undefined {
    if (this.bypasses(context)) return this.bypassed();
    if (this.inFlight >= this.limit) return this.rejected();
    return this.take(undefined);
  }

  hasRoom(context?: C): boolean {
    return this.inFlight < this.limit || this.bypasses(context);
  }
}
