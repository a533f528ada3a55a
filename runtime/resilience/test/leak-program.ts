import { Config } from "@holdfast/config";
import { SeededRandom } from "@holdfast/kernel";
import { Resilience } from "@holdfast/resilience";
import { FakeClock, settle } from "@holdfast/testing";

/**
 * Calls of every bad kind, told by the argument: prints `{ before, after, unhandled, ends }`, heap in bytes after a
 * collection at a tenth of the calls and at the end. Needs `--expose-gc`.
 */
const calls = Number(process.argv[2]);
let unhandled = 0;
process.on("unhandledRejection", () => void (unhandled += 1));

const clock = new FakeClock();
const resilience = new Resilience(clock, new SeededRandom(1), new Config());
const properties = {
  "execution.isolation.semaphore.maxConcurrentRequests": 1_000,
  "fallback.isolation.semaphore.maxConcurrentRequests": 1_000,
} as const;

const kinds = [
  "ok",
  "fail",
  "throw",
  "hang",
  "late",
  "twice",
  "aborted",
  "cancelled",
  "fallback",
  "bad-fallback",
] as const;
type Kind = (typeof kinds)[number];

async function run({ signal }: { readonly signal: AbortSignal }, kind: Kind): Promise<string> {
  if (kind === "hang" || kind === "cancelled") return new Promise(() => signal.addEventListener("abort", () => {}));
  if (kind === "late") {
    return new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(new Error("after the end"))),
    );
  }
  if (kind === "twice") {
    return new Promise((resolve, reject) => {
      resolve(kind);
      reject(new Error("and failed"));
    });
  }
  if (kind !== "ok") throw new Error("it failed");
  return kind;
}

const byKind = kinds.map((kind) =>
  resilience.command<[Kind], string>({
    key: kind,
    run:
      kind === "throw"
        ? () => {
            throw new Error("at once");
          }
        : run,
    ...(kind === "fallback" ? { fallback: () => "instead" } : {}),
    ...(kind === "bad-fallback" ? { fallback: () => Promise.reject(new Error("the fallback, too")) } : {}),
    properties: kind === "fallback" ? { ...properties, "circuitBreaker.enabled": false } : properties,
  }),
);
const aborted = AbortSignal.abort();
const ends: Record<string, number> = {};

async function one(index: number): Promise<void> {
  const [kind, command] = [kinds[index % kinds.length] ?? "ok", byKind[index % kinds.length]];
  if (command === undefined) return;
  const controller = new AbortController();
  const signal = kind === "aborted" ? aborted : controller.signal;
  const result = command.executeWith({ signal }, kind);
  if (kind === "cancelled") controller.abort();
  const end = await result.then(
    () => "answered",
    (error: { code?: string }) => error.code ?? "uncoded",
  );
  ends[end] = (ends[end] ?? 0) + 1;
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const atOnce = 500;
let before = 0;
for (let done = 0; done < calls; done += atOnce) {
  const batch = Promise.all(Array.from({ length: atOnce }, (_, i) => one(done + i)));
  await settle();
  // Over every time limit, so that all of them end.
  await clock.advance(2_000);
  await batch;
  if (before === 0 && done >= calls / 10) before = heapUsed();
}
await settle();
const active = byKind.map((command) => resilience.explain(command.key)?.active ?? 0).reduce((sum, n) => sum + n, 0);
console.log(JSON.stringify({ before, after: heapUsed(), unhandled, active, ends }));
