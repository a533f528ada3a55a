import { createRequire } from "node:module";
import { join } from "node:path";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";

export type Work = () => Promise<number>;

/** One thing that is measured: a command around `work`, answering {@link fallbackAnswer} where work gives none. */
export interface Subject {
  readonly call: () => Promise<unknown>;
  /** Calls its own statistics say succeeded; not for peers that keep none one can read. */
  readonly succeeded?: () => number;
}

/** What each subject is made with: the same for all. */
export interface SubjectOptions {
  readonly work: Work;
  /** Calls that may be under way at once. */
  readonly places: number;
  readonly timeoutMs: number;
  /** How long an open circuit stays open. */
  readonly sleepMs: number;
}

export type MakeSubject = (options: SubjectOptions) => Subject;

export const fallbackAnswer = 0;
/** A circuit opens from so many calls in 10 s, when half of them failed: Hystrix's numbers, for all. */
export const volume = 20;

const peers = createRequire(join(import.meta.dirname, "../../peers/package.json"));

/** Each with a circuit breaker, a bulkhead, a timeout, rolling statistics and a fallback, but for `raw`: the bare function. */
export const subjects: Readonly<Record<string, MakeSubject>> = {
  raw: ({ work }) => ({ call: work }),
  ours,
  opossum,
  cockatiel,
  hystrixjs,
};

function ours({ work, places, timeoutMs, sleepMs }: SubjectOptions): Subject {
  const resilience = new Resilience(new SystemClock(), new SeededRandom(1));
  const command = resilience.command<[], number>({
    key: "bench",
    run: work,
    fallback: () => fallbackAnswer,
    properties: {
      "execution.isolation.semaphore.maxConcurrentRequests": places,
      "execution.isolation.thread.timeoutInMilliseconds": timeoutMs,
      "fallback.isolation.semaphore.maxConcurrentRequests": places,
      "circuitBreaker.requestVolumeThreshold": volume,
      "circuitBreaker.sleepWindowInMilliseconds": sleepMs,
    },
  });
  return { call: () => command.execute(), succeeded: () => resilience.explain("bench")?.events.SUCCESS ?? 0 };
}

interface Opossum {
  readonly stats: { readonly successes: number };
  fire(): Promise<unknown>;
  fallback(answer: () => number): void;
}

function opossum({ work, places, timeoutMs, sleepMs }: SubjectOptions): Subject {
  const Breaker = peers("opossum") as new (action: Work, options: object) => Opossum;
  const breaker = new Breaker(work, {
    timeout: timeoutMs,
    capacity: places,
    errorThresholdPercentage: 50,
    volumeThreshold: volume,
    resetTimeout: sleepMs,
  });
  breaker.fallback(() => fallbackAnswer);
  return { call: () => breaker.fire(), succeeded: () => breaker.stats.successes };
}

interface Policy {
  execute(work: Work): Promise<unknown>;
}

function cockatiel({ work, places, timeoutMs, sleepMs }: SubjectOptions): Subject {
  const c = peers("cockatiel") as {
    readonly handleAll: unknown;
    readonly SamplingBreaker: new (options: object) => unknown;
    readonly TimeoutStrategy: { readonly Aggressive: unknown };
    fallback(handled: unknown, value: number): Policy;
    circuitBreaker(handled: unknown, options: object): Policy;
    bulkhead(limit: number): Policy;
    timeout(ms: number, strategy: unknown): Policy;
    wrap(...policies: Policy[]): Policy;
  };
  const breaker = new c.SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: volume / 10 });
  const policy = c.wrap(
    c.fallback(c.handleAll, fallbackAnswer),
    c.circuitBreaker(c.handleAll, { halfOpenAfter: sleepMs, breaker }),
    c.bulkhead(places),
    c.timeout(timeoutMs, c.TimeoutStrategy.Aggressive),
  );
  return { call: () => policy.execute(work) };
}

/** It keeps commands by key, for ever. */
let hystrixKeys = 0;

interface HystrixBuilder {
  circuitBreakerRequestVolumeThreshold(calls: number): HystrixBuilder;
  circuitBreakerSleepWindowInMilliseconds(ms: number): HystrixBuilder;
  timeout(ms: number): HystrixBuilder;
  requestVolumeRejectionThreshold(calls: number): HystrixBuilder;
  run(work: Work): HystrixBuilder;
  fallbackTo(answer: () => Promise<number>): HystrixBuilder;
  build(): { execute(): Promise<unknown> };
}

function hystrixjs({ work, places, timeoutMs, sleepMs }: SubjectOptions): Subject {
  const { commandFactory } = peers("hystrixjs") as {
    readonly commandFactory: { getOrCreate(key: string): HystrixBuilder };
  };
  const command = commandFactory
    .getOrCreate(`bench-${hystrixKeys++}`)
    .circuitBreakerRequestVolumeThreshold(volume)
    .circuitBreakerSleepWindowInMilliseconds(sleepMs)
    .timeout(timeoutMs)
    .requestVolumeRejectionThreshold(places)
    .run(work)
    .fallbackTo(async () => fallbackAnswer)
    .build();
  return { call: () => command.execute() };
}
