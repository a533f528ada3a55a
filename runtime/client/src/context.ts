import type { AsyncLocalStorage } from "node:async_hooks";
import { enterRequest, requestStorage, type SpanHolder } from "@holdfast/trace";

/** What is known of the request being served, for everything called on its behalf. */
export interface RequestContext extends SpanHolder {
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** Monotonic time (ms) after which nobody waits for the answer; `undefined` when nobody said. */
  readonly deadlineAtMs: number | undefined;
  /** Called when a call made on its behalf has failed for good, so that nobody above repeats what was repeated here. */
  readonly onExhausted?: () => void;
}

/** Spans run in the same storage: what a span puts there has the fields of a request's context, too. */
const storage = requestStorage as unknown as AsyncLocalStorage<RequestContext>;

/** The context of the request this code runs for, if any. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs `work`, and everything it starts, in `context`. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/**
 * As {@link runInContext}, for the rest of the callback that the engine is in: for servers, where each request has its own. Within
 * `runInContext` it ends with that.
 */
export function enterContext(context: RequestContext): void {
  enterRequest(context);
}
