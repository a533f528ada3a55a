import { AsyncLocalStorage } from "node:async_hooks";

/** What is known of the request being served, for everything called on its behalf. */
export interface RequestContext {
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** Monotonic time (ms) after which nobody waits for the answer; `undefined` when nobody said. */
  readonly deadlineAtMs: number | undefined;
  /** Called when a call made on its behalf has failed for good, so that nobody above repeats what was repeated here. */
  readonly onExhausted?: () => void;
}

// Two copies of this package in one process must see the same request.
const key = Symbol.for("holdfast.context");
const shared = globalThis as { [key]?: AsyncLocalStorage<RequestContext> };
shared[key] ??= new AsyncLocalStorage<RequestContext>();
const storage: AsyncLocalStorage<RequestContext> = shared[key];

/** The context of the request this code runs for, if any. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs `work`, and everything it starts, in `context`. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}
