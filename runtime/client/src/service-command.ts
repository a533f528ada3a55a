import { messageOf, PlatformError } from "@holdfast/kernel";
import {
  type CallContext,
  type Command,
  CommandError,
  type CommandProperties,
  type Resilience,
} from "@holdfast/resilience";
import type { Span } from "@holdfast/trace";
import { Call, type CallRequest } from "./call.ts";
import type { Cluster } from "./cluster.ts";
import { CallAbortedError, CallTimedOutError } from "./errors.ts";
import type { ClientOptions } from "./options.ts";
import { ServerFault } from "./server-fault.ts";
import type { Answer } from "./try.ts";

/** What answers instead when a call has failed, timed out, or was not even made. */
export type Fallback<T> = (error: PlatformError) => T | Promise<T>;

/** One call on its way through its command. */
export interface Job {
  readonly cluster: Cluster;
  readonly request: CallRequest;
  /** Gets the call once it begins: a way to abort it that costs less than a signal. */
  readonly onCall: ((call: Call) => void) | undefined;
  readonly fallback: Fallback<unknown> | undefined;
  /** On whose behalf, when that is traced. */
  readonly span: Span | undefined;
  call: Call | undefined;
  /** Code of what its fallback answered for. */
  fellBackFor: string | undefined;
}

/** A full server's answer is no failure of the command, but the caller has none all the same: its fallback answers. */
export async function fallenFrom({ answer, message }: ServerFault, fallback: Fallback<unknown>): Promise<Fallen> {
  answer.stream?.destroy();
  const { app } = answer.server.record;
  const told = new PlatformError("OVERLOADED", `${app}: ${message}: it is full`, { status: answer.status });
  return new Fallen(await fallback(told));
}

/** What a fallback gave. */
export class Fallen {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/**
 * The commands that calls of services go through: one for each service, or for each name that callers give. With
 * Hystrix's defaults, but: as much time and as many calls at a time as the client's options say; an open circuit is tried
 * again after a second (±20 %), since servers are healed within seconds; and `Retry-After` rests the server that says it, not
 * the service.
 */
export class ServiceCommands {
  readonly #resilience: Resilience;
  readonly #commands = new Map<string, ServiceCommand>();

  constructor(resilience: Resilience) {
    this.#resilience = resilience;
  }

  of({ app, options }: Cluster, key: string): ServiceCommand {
    const known = this.#commands.get(key);
    if (known !== undefined) return known;
    const basics = { key, group: app, properties: propertiesOf(options), run, isBadRequest, tracesItself: true };
    const made = {
      plain: this.#resilience.command<[Job], Answer | Fallen>(basics),
      armed: this.#resilience.command<[Job], Answer | Fallen>({ ...basics, fallback }),
    };
    this.#commands.set(key, made);
    return made;
  }
}

function propertiesOf({ timeoutMs, concurrentMax, circuit }: ClientOptions): Partial<CommandProperties> {
  return {
    "execution.isolation.thread.timeoutInMilliseconds": timeoutMs,
    "execution.isolation.semaphore.maxConcurrentRequests": concurrentMax,
    "fallback.isolation.semaphore.maxConcurrentRequests": concurrentMax,
    "circuitBreaker.enabled": circuit,
    "circuitBreaker.sleepWindowInMilliseconds": 1_000,
    "circuitBreaker.sleepWindowJitterPercentage": 20,
    "circuitBreaker.retryAfterMaxInMilliseconds": 0,
  };
}

export interface ServiceCommand {
  readonly plain: Command<[Job], Answer | Fallen>;
  /** With the fallback of the call. */
  readonly armed: Command<[Job], Answer | Fallen>;
}

/**
 * What the caller gets for an error of its command: the answer after all, if there was one; else CallTimedOutError,
 * CallAbortedError, CommandError (short-circuited, rejected) or what the call threw.
 */
export function errorOrAnswer(error: unknown, job: Job, timeoutMs: number): Error | Answer {
  if (error instanceof ServerFault) return error.answer;
  if (!(error instanceof CommandError)) return error instanceof Error ? error : new Error(messageOf(error));
  // Its fallback failed, too: it has taken the answer's place.
  if (error.fallbackError !== undefined) return error;
  if (error.failureType === "COMMAND_EXCEPTION" && error.cause instanceof ServerFault) return error.cause.answer;
  return plainError(error, job, timeoutMs);
}

function plainError(error: CommandError, { cluster, call }: Job, timeoutMs: number): PlatformError {
  switch (error.failureType) {
    case "COMMAND_EXCEPTION":
      return error.cause instanceof PlatformError ? error.cause : error;
    case "TIMEOUT":
      return new CallTimedOutError(cluster.app, timeoutMs, call?.tries ?? 0);
    case "CANCELLED":
      return new CallAbortedError(cluster.app, error.cause);
    default:
      return error;
  }
}

function run(context: CallContext, job: Job): Promise<Answer> {
  const call = new Call(job.cluster, job.request, context, job.span?.root);
  job.call = call;
  const answering = call.run();
  job.onCall?.(call);
  return answering;
}

async function fallback(error: CommandError, job: Job): Promise<Fallen> {
  const cause = error.cause instanceof ServerFault ? error.cause : undefined;
  cause?.answer.stream?.destroy();
  const told = plainError(error, job, job.request.timeoutMs ?? 0);
  job.fellBackFor = told.code;
  return new Fallen(await job.fallback?.(told));
}

/** The request itself cannot be sent, or the server was full: neither says anything against the service. */
function isBadRequest(error: unknown): boolean {
  if (error instanceof ServerFault) return error.wasShed;
  return error instanceof PlatformError && error.status >= 400 && error.status < 500;
}
