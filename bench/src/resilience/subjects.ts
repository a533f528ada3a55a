import { createRequire } from "node:module";
import { join } from "node:path";
import { Config } from "@holdfast/config";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";

/** One call of the thing that is measured. */
export type Subject = () => Promise<unknown>;

const peers = createRequire(join(import.meta.dirname, "../../peers/package.json"));
const work = async (): Promise<number> => 1;
/** More than are ever under way here. */
const places = 10_000;
const timeoutMs = 1_000;

interface Opossum {
  new (
    action: () => Promise<number>,
    options: object,
  ): { fire(): Promise<unknown>; fallback(f: () => number): void; open(): void };
}

/** Each with a circuit breaker, a bulkhead, a timeout of 1 s, rolling statistics and a fallback, if it has them. */
export const subjects: Readonly<Record<string, () => Subject>> = {
  raw: () => work,
  ours: () => ours(false),
  "ours-open": () => ours(true),
  opossum: () => opossum(false),
  "opossum-open": () => opossum(true),
  cockatiel: () => cockatiel(),
  hystrixjs: () => hystrixjs(),
};

function ours(isOpen: boolean): Subject {
  const config = new Config();
  if (isOpen) config.set("runtime", "hystrix.command.bench.circuitBreaker.forceOpen", true);
  const resilience = new Resilience(new SystemClock(), new SeededRandom(1), config);
  const command = resilience.command<[], number>({
    key: "bench",
    run: work,
    fallback: () => 0,
    properties: {
      "execution.isolation.semaphore.maxConcurrentRequests": places,
      "fallback.isolation.semaphore.maxConcurrentRequests": places,
    },
  });
  return () => command.execute();
}

function opossum(isOpen: boolean): Subject {
  const Breaker = peers("opossum") as Opossum;
  const breaker = new Breaker(work, {
    timeout: timeoutMs,
    capacity: places,
    errorThresholdPercentage: 50,
    volumeThreshold: 20,
  });
  breaker.fallback(() => 0);
  if (isOpen) breaker.open();
  return () => breaker.fire();
}

interface Policy {
  execute(f: () => Promise<number>): Promise<unknown>;
}

function cockatiel(): Subject {
  const c = peers("cockatiel") as {
    handleAll: unknown;
    SamplingBreaker: new (options: object) => unknown;
    TimeoutStrategy: { Aggressive: unknown };
    fallback(handled: unknown, value: number): Policy;
    circuitBreaker(handled: unknown, options: object): Policy;
    bulkhead(limit: number): Policy;
    timeout(ms: number, strategy: unknown): Policy;
    wrap(...policies: Policy[]): Policy;
  };
  const breaker = new c.SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 });
  const policy = c.wrap(
    c.fallback(c.handleAll, 0),
    c.circuitBreaker(c.handleAll, { halfOpenAfter: 5_000, breaker }),
    c.bulkhead(places),
    c.timeout(timeoutMs, c.TimeoutStrategy.Aggressive),
  );
  return () => policy.execute(work);
}

function hystrixjs(): Subject {
  interface Builder {
    [option: string]: (value: unknown) => Builder;
  }
  const { commandFactory } = peers("hystrixjs") as {
    commandFactory: {
      getOrCreate(
        key: string,
      ): Builder & { run: (f: () => Promise<number>) => Builder; build(): { execute(): Promise<unknown> } };
    };
  };
  const builder = commandFactory.getOrCreate("bench");
  builder["circuitBreakerRequestVolumeThreshold"]?.(20);
  builder["timeout"]?.(timeoutMs);
  builder["requestVolumeRejectionThreshold"]?.(places);
  builder.run(work);
  builder["fallbackTo"]?.(async () => 0);
  const command = builder.build();
  return () => command.execute();
}
