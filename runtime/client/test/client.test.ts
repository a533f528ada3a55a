import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { waitFor } from "@holdfast/testing";
import {
  answerId,
  answerStatus,
  Backend,
  clientOf,
  cutAnswer,
  keepSilent,
  recordOf,
  resetAtOnce,
  WrittenList,
} from "./backends.ts";

afterEach(() => Backend.endAll());

async function three(): Promise<[Backend, Backend, Backend]> {
  return Promise.all([Backend.start("i-a"), Backend.start("i-b"), Backend.start("i-c")]);
}

/** Makes `count` GETs, `wide` at a time; gives each one's duration. */
async function load(get: () => Promise<unknown>, count: number, wide: number): Promise<number[]> {
  const times: number[] = [];
  const lane = async (): Promise<void> => {
    while (count-- > 0) {
      const startMs = performance.now();
      await get();
      times.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: wide }, lane));
  return times;
}

test("calls are spread over all servers", async () => {
  const backends = await three();
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  await load(async () => assert.equal((await client.service("catalog").fetch("/")).status, 200), 90, 3);
  for (const backend of backends) assert.ok(backend.executions >= 10, `${backend.id} got ${backend.executions}`);
  await disposeAll(backends);
});

test("a server killed under load costs no GET", async () => {
  const backends = await three();
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  const killed = new Promise<void>((resolve) => setTimeout(() => void backends[0].kill().then(resolve), 30));
  const slow = (backend: Backend): void => {
    backend.behaviour = (_req, res) => setTimeout(() => res.end(backend.id), 2);
  };
  backends.forEach(slow);
  let failed = 0;
  const get = async (): Promise<void> => {
    const response = await client.service("catalog").fetch("/");
    if (!response.ok || (await response.text()).length !== 3) failed += 1;
  };
  await load(get, 400, 8);
  await killed;
  assert.equal(failed, 0);
  await disposeAll(backends);
});

test("a server that accepts and never answers makes no GET fail or take a second", async () => {
  const backends = await three();
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  const get = async (): Promise<void> => assert.equal((await client.service("catalog").fetch("/")).status, 200);
  await load(get, 60, 4);
  backends[1].behaviour = keepSilent;
  const times = await load(get, 200, 4);
  assert.ok(Math.max(...times) < 1_000, `slowest took ${Math.max(...times)} ms`);
  await disposeAll(backends);
});

test("two of three servers silent at once make no GET fail or take a second", async () => {
  const backends = await three();
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  backends[0].behaviour = keepSilent;
  backends[2].behaviour = keepSilent;
  const get = async (): Promise<void> => assert.equal((await client.service("catalog").fetch("/")).status, 200);
  const times = await load(get, 60, 2);
  assert.ok(Math.max(...times) < 1_000, `slowest took ${Math.max(...times)} ms`);
  await disposeAll(backends);
});

test("an answer cut short is asked for again elsewhere", async () => {
  const backends = await three();
  backends[0].behaviour = cutAnswer;
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  const get = async (): Promise<void> => {
    const text = await (await client.service("catalog").fetch("/")).text();
    assert.ok(["i-b", "i-c"].includes(text), text);
  };
  await load(get, 30, 2);
  assert.ok(backends[0].executions >= 1);
  await disposeAll(backends);
});

test("a POST whose answer is lost is not made again, and says so", async () => {
  const backends = await three();
  for (const backend of backends) backend.behaviour = resetAtOnce;
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  const post = client.service("catalog").fetch("/", { method: "POST", body: "once" });
  await assert.rejects(post, { code: "CALL_FAILED", status: 502 });
  assert.equal(backends[0].executions + backends[1].executions + backends[2].executions, 1);
  await disposeAll(backends);
});

test("a POST to a server that refuses connections goes to another", async () => {
  await using backend = await Backend.start("i-up");
  const gone = await Backend.start("i-gone");
  await gone.kill();
  const list = new WrittenList([gone.record(), recordOf("i-gone-too", gone.port), backend.record()]);
  await using client = disposable(clientOf(list));
  for (let i = 0; i < 10; i++) {
    const response = await client.service("catalog").fetch("/", { method: "POST", body: "x" });
    assert.equal(await response.text(), "i-up");
  }
  assert.equal(backend.executions, 10);
});

test("a POST answered 421 or marked as not executed goes to another server", async () => {
  const backends = await three();
  backends[0].behaviour = answerStatus(421);
  backends[1].behaviour = answerStatus(503, { "x-holdfast-not-executed": "1" });
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  for (let i = 0; i < 5; i++) {
    const response = await client.service("catalog").fetch("/", { method: "POST", body: "x" });
    assert.equal(await response.text(), "i-c");
  }
  await disposeAll(backends);
});

test("a GET answered 503 is asked for elsewhere, a POST is not", async () => {
  const backends = await three();
  backends[0].behaviour = answerStatus(503);
  backends[1].behaviour = answerStatus(503);
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  for (let i = 0; i < 5; i++) assert.equal((await client.service("catalog").fetch("/")).status, 200);
  backends[2].behaviour = answerStatus(503);
  const before = executions(backends);
  assert.equal((await client.service("catalog").fetch("/", { method: "POST", body: "x" })).status, 503);
  assert.equal(executions(backends), before + 1);
  await disposeAll(backends);
});

test("while every server answers 503, retries stay within the budget", async () => {
  const backends = await three();
  for (const backend of backends) backend.behaviour = answerStatus(503);
  await using client = disposable(
    // On a slow machine the circuit would have opened by the end of it.
    clientOf(new WrittenList(backends.map((one) => one.record())), {
      budgetShare: 0.1,
      budgetPerSecond: 0,
      circuit: false,
    }),
  );
  await load(async () => assert.equal((await client.service("catalog").fetch("/")).status, 503), 500, 4);
  // 10 % of 500, and the fifty tokens a bucket starts with.
  assert.ok(executions(backends) <= 500 + 50 + 50, `${executions(backends)} executions`);
  await disposeAll(backends);
});

test("connections to a server that leaves the view are closed at once, calls on them finish", async () => {
  const backends = await three();
  const [leaving] = backends;
  const list = new WrittenList(backends.map((one) => one.record()));
  await using client = disposable(clientOf(list, { hedgeMaxMs: 5_000, hedgeMinMs: 5_000 }));
  await load(() => client.service("catalog").fetch("/"), 30, 6);
  assert.ok(leaving.connections > 0);
  leaving.behaviour = (_req, res) => void setTimeout(() => res.end("late"), 150);
  const calls = Array.from({ length: 12 }, async () => (await client.service("catalog").fetch("/")).text());
  await waitFor("a call on the leaving server", () => leaving.executions > 30 || leaving.connections > 0);
  list.set("catalog", [
    leaving.record({ status: "OUT_OF_SERVICE", version: 2 }),
    ...backends.slice(1).map((one) => one.record()),
  ]);
  const texts = await Promise.all(calls);
  assert.equal(texts.length, 12);
  await waitFor("its connections to end", () => leaving.connections === 0, { timeoutMs: 1_000 });
  await disposeAll(backends);
});

test("a new identity at an old address gets connections of its own, and is named to the server", async () => {
  await using backend = await Backend.start("i-old");
  const list = new WrittenList([backend.record({ verifiesIdentity: true })]);
  await using client = disposable(clientOf(list));
  await client.service("catalog").fetch("/");
  assert.equal(backend.lastHeaders["x-holdfast-instance"], "i-old");
  list.set("catalog", [recordOf("i-new", backend.port, { verifiesIdentity: true })]);
  await client.service("catalog").fetch("/");
  assert.equal(backend.lastHeaders["x-holdfast-instance"], "i-new");
});

test("an unknown service is named, together with those that are known", async () => {
  const client = clientOf(new WrittenList([]));
  await assert.rejects(client.service("katalog").fetch("/"), { code: "SERVICE_UNKNOWN", message: /katalog.*catalog/ });
  await client.close();
});

test("a call without an answer ends at its deadline, and the server is told how long it has", async () => {
  await using backend = await Backend.start("i-a", keepSilent);
  await using client = disposable(clientOf(new WrittenList([backend.record()])));
  const startMs = performance.now();
  await assert.rejects(client.service("catalog").fetch("/", { timeoutMs: 200 }), { code: "CALL_TIMED_OUT" });
  assert.ok(performance.now() - startMs < 600);
  const told = Number(backend.lastHeaders["x-holdfast-deadline-ms"]);
  assert.ok(told > 100 && told <= 200, `told ${told}`);
});

test("when all servers have failed they are tried all the same", async () => {
  const backends = await three();
  await using client = disposable(clientOf(new WrittenList(backends.map((one) => one.record()))));
  for (const backend of backends) backend.behaviour = resetAtOnce;
  for (let i = 0; i < 3; i++) await assert.rejects(client.service("catalog").fetch("/"), { status: 503 });
  for (const backend of backends) backend.behaviour = answerId;
  assert.equal((await client.service("catalog").fetch("/")).status, 200);
  await disposeAll(backends);
});

test("an abort by the caller ends the call at the server too", async () => {
  let closed = false;
  await using backend = await Backend.start("i-a", (req) => void req.on("close", () => (closed = true)));
  await using client = disposable(clientOf(new WrittenList([backend.record()])));
  const abort = new AbortController();
  const call = client.service("catalog").fetch("/", { signal: abort.signal });
  await waitFor("the call to arrive", () => backend.executions === 1);
  abort.abort();
  await assert.rejects(call, { code: "CALL_ABORTED" });
  await waitFor("its connection to end", () => closed);
});

test("json() gives the parsed body, or the error of a problem", async () => {
  await using backend = await Backend.start("i-a", (req, res) => {
    if (req.url === "/good") return void res.end(`{"n":1}`);
    res.writeHead(404, { "content-type": "application/problem+json" }).end(`{"code":"NO_SUCH_FILM","detail":"no"}`);
  });
  await using client = disposable(clientOf(new WrittenList([backend.record()])));
  assert.deepEqual(await client.service("catalog").json("/good"), { n: 1 });
  await assert.rejects(client.service("catalog").json("/bad"), { code: "NO_SUCH_FILM", status: 404 });
});

function executions(backends: readonly Backend[]): number {
  return backends.reduce((sum, one) => sum + one.executions, 0);
}

function disposable<T extends { close(): Promise<void> }>(one: T): T & AsyncDisposable {
  return Object.assign(one, { [Symbol.asyncDispose]: () => one.close() });
}

async function disposeAll(backends: readonly Backend[]): Promise<void> {
  for (const backend of backends) await backend[Symbol.asyncDispose]();
}
