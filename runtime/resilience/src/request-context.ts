import { AsyncLocalStorage } from "node:async_hooks";
import { requestStorage, type Span } from "@holdfast/trace";
import { noteForTrace } from "./command-spans.ts";
import { commandEvents } from "./events.ts";

/** One execution in the log of a request, as `HystrixRequestLog` keeps it. */
export class LogEntry {
  readonly key: string;
  readonly events: string[] = [];
  /** In ms; −1 while it is under way and when nothing was executed. */
  latencyMs = -1;
  /** With how many others it was sent, if by a collapser. */
  batchSize = 0;
  collapserKey: string | undefined;
  /** Monotonic; −1 until something has happened. */
  startMs = -1;
  endMs = -1;
  /** Its span, when its trace was to be kept from the start. */
  span: Span | undefined = undefined;
  /** Makes spans of its own: none is made from here. */
  tracesItself = false;

  constructor(key: string) {
    this.key = key;
  }

  add(event: number, nowMs: number): void {
    if (this.startMs < 0) this.startMs = nowMs;
    this.endMs = nowMs;
    noteForTrace(event);
    this.events.push(commandEvents[event] ?? "");
  }
}

/** Hystrix's `HystrixRequestLog.MAX_STORAGE`: more executions of one request are not logged. */
const logMax = 1_000;

/** What belongs to one request: the answers its commands gave, the batches it waits for, its log. */
export class RequestContext {
  readonly log: LogEntry[] = [];
  /** Of the server's request that it was begun in. */
  readonly outer: object | undefined;
  /** By whom the scope belongs to (a command's state, a collapser). Most requests have none. */
  #scopes: Map<object, unknown> | undefined;
  /** Told when the request is over. */
  #onEnd: Set<(context: RequestContext) => void> | undefined;

  constructor(outer?: object) {
    this.outer = outer;
  }

  /** The thing of `owner` in this request, made at the first question. */
  scope<T>(owner: object, make: () => T): T {
    this.#scopes ??= new Map();
    const known = this.#scopes.get(owner);
    if (known !== undefined) return known as T;
    const made = make();
    this.#scopes.set(owner, made);
    return made;
  }

  enter(key: string, onEnd: (context: RequestContext) => void): LogEntry | undefined {
    (this.#onEnd ??= new Set()).add(onEnd);
    if (this.log.length >= logMax) return undefined;
    const entry = new LogEntry(key);
    this.log.push(entry);
    return entry;
  }

  end(): void {
    for (const tell of this.#onEnd ?? []) tell(this);
    this.#onEnd = undefined;
    this.#scopes?.clear();
  }
}

const storage = new AsyncLocalStorage<RequestContext>();
let everUsed = false;

/**
 * Runs `serve` as one request: within it, commands with a `cacheKey` answer the same question once, collapsers of scope
 * REQUEST gather, and what was executed is logged. It ends when `serve` returns or its promise settles.
 */
export function runInRequestContext<T>(serve: () => T): T {
  everUsed = true;
  const context = new RequestContext(requestStorage.getStore()?.commands);
  let result: T;
  try {
    result = storage.run(context, serve);
  } catch (error) {
    context.end();
    throw error;
  }
  if (!(result instanceof Promise)) {
    context.end();
    return result;
  }
  const end = (): void => context.end();
  result.then(end, end);
  return result;
}

/** One request of a server, where the handler returns long before its request is over: `end` it when its answer has gone. */
export interface OpenRequest {
  /** What was executed so far. */
  readonly log: readonly LogEntry[];
  end(): void;
}

/**
 * {@link runInRequestContext} for servers: what the field `commands` of a request's context is to hold. Commands that run in that
 * context belong to it.
 */
export function openRequestContext(): OpenRequest {
  return new RequestContext();
}

/** Runs `work` as part of that request, whoever calls. */
export function within<T>(context: RequestContext | undefined, work: () => T): T {
  if (context === undefined) return work();
  everUsed = true;
  return storage.run(context, work);
}

/** The request being served, if any. */
export function requestContext(): RequestContext | undefined {
  const served = requestStorage.getStore()?.commands;
  const run = everUsed ? storage.getStore() : undefined;
  // A server that was started within a request serves others.
  if (run !== undefined && (served === undefined || run.outer === served)) return run;
  return served instanceof RequestContext ? served : undefined;
}
