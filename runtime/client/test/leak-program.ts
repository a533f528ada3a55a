import { AsyncLocalStorage } from "node:async_hooks";
import {
  answerId,
  Backend,
  type Behaviour,
  clientOf,
  cutAnswer,
  recordOf,
  resetAtOnce,
  WrittenList,
} from "./backends.ts";

/**
 * Calls over servers of every bad kind, while the list of servers changes and is empty now and then: prints
 * `{ before, after, unhandled, ends }`, heap in bytes after a collection at a tenth of the calls and at the end.
 * Needs `--expose-gc`.
 */
const calls = Number(process.argv[2]);
let unhandled = 0;
process.on("unhandledRejection", () => void (unhandled += 1));

/** Each of its requests gets another answer. */
let served = 0;
const moody: Behaviour = (req, res, backend) => {
  served += 1;
  if (served % 50 === 0) return resetAtOnce(req, res, backend);
  if (served % 51 === 0) return cutAnswer(req, res, backend);
  if (served % 53 === 0) return void res.writeHead(500).end();
  // Silence: the call is hedged, or its time is over.
  if (served % 211 === 0) return;
  answerId(req, res, backend);
};
const good = await Backend.start("i-good");
const bad = await Backend.start("i-bad", moody);
const gone = await Backend.start("i-gone");
await gone.kill();
const records = [good.record(), bad.record(), recordOf("i-gone", gone.port)];
const list = new WrittenList(records);
const client = clientOf(list, { timeoutMs: 300, hedgeMaxMs: 100 });
const catalog = client.service("catalog");
const ends: Record<string, number> = {};
const aborted = AbortSignal.abort();

async function one(index: number): Promise<void> {
  const end = await ask(index).then(
    () => "answered",
    (error: Error & { code?: string }) => error.code ?? `uncoded ${error.message}`,
  );
  ends[end] = (ends[end] ?? 0) + 1;
}

async function ask(index: number): Promise<unknown> {
  if (index % 20 === 3) return (await catalog.fetch("/", { method: "POST", body: "x".repeat(100) })).text();
  if (index % 20 === 5) return catalog.fetch("/", { signal: aborted });
  if (index % 20 === 7) {
    const controller = new AbortController();
    const answer = catalog.fetch("/", { signal: controller.signal });
    setImmediate(() => controller.abort());
    return answer;
  }
  // A body that nobody reads.
  if (index % 20 === 9) return catalog.fetch("/");
  if (index % 20 === 11) return catalog.json("/", { fallback: () => Promise.reject(new Error("no fallback either")) });
  return (await catalog.fetch("/")).text();
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const atOnce = 100;
let before = 0;
const storage = new AsyncLocalStorage<number>();
for (let done = 0; done < calls; done += atOnce) {
  const round = done / atOnce;
  if (round % 10 === 3) list.set("catalog", []);
  if (round % 10 === 4) list.set("catalog", [good.record({ version: round, incarnation: round }), ...records.slice(1)]);
  const batch = Promise.all(Array.from({ length: atOnce }, (_, i) => storage.run(i, () => one(done + i))));
  if (round % 10 === 6) list.set("catalog", []);
  if (round % 10 === 6) setImmediate(() => list.set("catalog", records));
  await batch;
  if (before === 0 && done >= calls / 10) before = heapUsed();
}
const after = heapUsed();
await client.close();
await Backend.endAll();
console.log(JSON.stringify({ before, after, unhandled, ends }));
