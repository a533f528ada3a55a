import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, test } from "node:test";
import { type BalancedClient, type ClientOptions, currentContext, runInContext } from "@holdfast/client";
import { waitFor } from "@holdfast/testing";
import { Headers } from "@holdfast/wire";
import { answerId, answerStatus, Backend, clientOf, keepSilent, recordOf, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

interface World extends AsyncDisposable {
  readonly client: BalancedClient;
  readonly list: WrittenList;
  readonly backends: readonly Backend[];
}

async function world(count: number, options: Partial<ClientOptions> = {}): Promise<World> {
  const backends = await Promise.all(Array.from({ length: count }, (_, i) => Backend.start(`i-${i}`)));
  const list = new WrittenList(backends.map((one) => one.record()));
  const client = clientOf(list, options);
  const dispose = async (): Promise<void> => {
    await client.close();
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  };
  return { client, list, backends, [Symbol.asyncDispose]: dispose };
}

const headersThenNothing: Backend["behaviour"] = (_req, res) => {
  res.writeHead(200, { "content-length": "100" });
  res.flushHeaders();
};
const resetInBody: Backend["behaviour"] = (_req, res) => {
  res.writeHead(200, { "transfer-encoding": "chunked" });
  res.write("the first of two", () => res.socket?.resetAndDestroy());
};

for (const [what, behaviour] of [
  ["never answers", keepSilent],
  ["answers headers and then nothing", headersThenNothing],
  ["resets in the body", resetInBody],
] as const) {
  test(`a server that ${what} costs no GET, and gets few calls from then on`, async () => {
    await using three = await world(3);
    const [bad] = three.backends;
    assert.ok(bad !== undefined);
    bad.behaviour = behaviour;
    for (let i = 0; i < 60; i++) {
      const text = await (await three.client.service("catalog").fetch("/")).text();
      assert.ok(text === "i-1" || text === "i-2", text);
    }
    assert.ok(bad.executions >= 1 && bad.executions <= 6, `${bad.executions}`);
  });
}

test("in a full outage retries are bounded by the budget, and soon nothing is asked at all", async () => {
  await using three = await world(3);
  for (const backend of three.backends) backend.behaviour = answerStatus(503);
  const calls = 2_000;
  let tried = 0;
  for (let i = 0; i < calls; i += 50) {
    const lanes = Array.from({ length: 50 }, async () =>
      three.client
        .service("catalog")
        .fetch("/")
        .then(
          (response) => assert.equal(response.status, 503),
          (error: unknown) => assert.equal((error as { code: string }).code, "COMMAND_SHORT_CIRCUITED"),
        ),
    );
    await Promise.all(lanes);
  }
  for (const backend of three.backends) tried += backend.executions;
  assert.ok(tried <= calls * 1.2, `${tried} tries of ${calls} calls`);
});

test("connections do not live for ever, and requests on them are not cut when their time comes", async () => {
  await using one = await world(1, { connectionAgeMaxMs: 60 });
  const [backend] = one.backends;
  assert.ok(backend !== undefined);
  let connections = 0;
  backend.server.on("connection", () => (connections += 1));
  const endAtMs = performance.now() + 400;
  while (performance.now() < endAtMs) assert.equal((await one.client.service("catalog").fetch("/")).status, 200);
  assert.ok(connections >= 4 && connections <= 20, `${connections} connections`);
  await waitFor("the old connections to be closed", () => backend.connections <= 3);
});

test("a server list that becomes empty while a call is on its way ends that call with a coded error", async () => {
  await using two = await world(2);
  for (const backend of two.backends)
    backend.behaviour = (req) => {
      two.list.set("catalog", []);
      req.socket.resetAndDestroy();
    };
  await assert.rejects(two.client.service("catalog").fetch("/"), { code: "NO_SERVER_AVAILABLE", status: 503 });
  await assert.rejects(two.client.service("catalog").fetch("/"), { code: "NO_SERVER_AVAILABLE", status: 503 });
});

test("a new identity at an old address is a new server: nothing of the old one's guilt or connections is left", async () => {
  await using two = await world(2, { slowStartMs: 0 });
  const [first, second] = two.backends;
  assert.ok(first !== undefined && second !== undefined);
  first.behaviour = (req) => void req.socket.resetAndDestroy();
  for (let i = 0; i < 20; i++) await two.client.service("catalog").fetch("/");
  assert.ok(two.client.explain("catalog").some((server) => server.ejectedForMs > 0));
  first.behaviour = answerId;
  two.list.set("catalog", [recordOf("i-new", first.port), second.record()]);
  assert.ok(two.client.explain("catalog").every((server) => server.ejectedForMs === 0));
  const before = first.executions;
  for (let i = 0; i < 30; i++) assert.equal((await two.client.service("catalog").fetch("/")).status, 200);
  assert.ok(first.executions > before, `${first.executions - before}`);
});

test("one slow service does not take the calls of the others with it", async () => {
  const slow = await Backend.start("i-slow", keepSilent);
  await using quick = await Backend.start("i-quick");
  const list = new WrittenList([quick.record()]);
  list.set("slow", [{ ...slow.record(), app: "slow" }]);
  const client = clientOf(list, { concurrentMax: 20 });
  const waiting = Array.from({ length: 50 }, () =>
    client
      .service("slow")
      .fetch("/", { timeoutMs: 400 })
      .catch((error: unknown) => (error as { code: string }).code),
  );
  for (let i = 0; i < 50; i++) assert.equal((await client.service("catalog").fetch("/")).status, 200);
  const ends = (await Promise.all(waiting)).map(String);
  assert.equal(ends.filter((end) => end === "COMMAND_REJECTED").length, 30);
  assert.equal(ends.filter((end) => end === "CALL_TIMED_OUT").length, 20);
  await client.close();
  await slow[Symbol.asyncDispose]();
});

test("a stall of two seconds in the caller opens no circuit and ejects no server", async () => {
  await using three = await world(3, { timeoutMs: 300 });
  const { client } = three;
  for (const backend of three.backends) backend.behaviour = (_req, res) => setTimeout(() => res.end("late"), 40);
  const calls = Array.from({ length: 60 }, () =>
    client
      .service("catalog")
      .fetch("/")
      .then(
        () => "answered",
        (error: unknown) => (error as { code: string }).code,
      ),
  );
  const arrived = (): number => three.backends.reduce((sum, backend) => sum + backend.executions, 0);
  await waitFor("all calls to have arrived", () => arrived() >= calls.length);
  const untilMs = performance.now() + 2_000;
  while (performance.now() < untilMs);
  const ends = await Promise.all(calls);
  assert.deepEqual(
    client.explain("catalog").map((server) => server.ejectedForMs),
    [0, 0, 0],
  );
  assert.equal((await client.service("catalog").fetch("/")).status, 200);
  assert.ok(ends.filter((end) => end === "answered").length >= 50, String(ends));
});

/** A service that calls the next one, as a service of ours would: deadline, attempt and exhaustion are passed on. */
async function hop(id: string, next: BalancedClient): Promise<{ server: Server; port: number }> {
  const handler: RequestListener = (req, res) => {
    const context = {
      requestId: "r",
      traceparent: undefined,
      deadlineAtMs: performance.now() + Number(req.headers[Headers.deadline]),
      onExhausted: () => void res.setHeader(Headers.retried, "1"),
    };
    void runInContext(context, async () => {
      assert.notEqual(currentContext(), undefined);
      const answer = await next
        .service("catalog")
        .fetch("/")
        .catch(() => undefined);
      res.writeHead(answer?.status ?? 503).end(id);
    });
  };
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  return { server, port: typeof bound === "object" && bound !== null ? bound.port : 0 };
}

test("retries of three layers do not multiply: a failing leaf sees at most 1.3 times the requests", async () => {
  await using leaves = await world(3, { circuit: false });
  for (const leaf of leaves.backends) leaf.behaviour = answerStatus(503);
  const middles = await Promise.all([1, 2].map((i) => hop(`m-${i}`, leaves.client)));
  const middleList = new WrittenList(middles.map(({ port }, i) => recordOf(`m-${i}`, port)));
  const toMiddles = clientOf(middleList, { circuit: false });
  const fronts = await Promise.all([1, 2].map((i) => hop(`f-${i}`, toMiddles)));
  const frontList = new WrittenList(fronts.map(({ port }, i) => recordOf(`f-${i}`, port)));
  const client = clientOf(frontList, { circuit: false });
  const calls = 600;
  for (let i = 0; i < calls; i += 20) {
    const lanes = Array.from({ length: 20 }, () => client.service("catalog").fetch("/"));
    for (const response of await Promise.all(lanes)) assert.equal(response.status, 503);
  }
  const executions = leaves.backends.reduce((sum, leaf) => sum + leaf.executions, 0);
  assert.ok(executions <= 1.3 * calls, `${executions} for ${calls}`);
  await client.close();
  await toMiddles.close();
  for (const { server } of [...middles, ...fronts]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("once all are known to be out of reach, calls do not go through all of them each time", async () => {
  await using three = await world(3, { circuit: false });
  for (const backend of three.backends) await backend.kill();
  const calls = 400;
  let tries = 0;
  for (let i = 0; i < calls; i++) {
    const onAttempts = (attempts: readonly unknown[]): void => void (tries += attempts.length);
    await assert.rejects(three.client.service("catalog").fetch("/", { onAttempts }), { code: "NO_SERVER_AVAILABLE" });
  }
  // The budget at the beginning, fifty, and a fifth of the calls, which is what it grows by.
  assert.ok(tries < calls * 1.2 + 60, `${tries} tries of ${calls} calls`);
});

test("an answer that is no JSON is said to be none, by json()", async () => {
  await using one = await world(1);
  await assert.rejects(one.client.service("catalog").json("/"), { code: "ANSWER_UNFIT", message: /no JSON/ });
  const post = one.client.service("catalog").json("/", { method: "POST", body: "{}" });
  await assert.rejects(post, { code: "ANSWER_UNFIT", message: /no JSON/ });
});

test("when all servers become slow at once, they are not asked twice for it", async () => {
  await using three = await world(3);
  const catalog = three.client.service("catalog");
  for (let i = 0; i < 100; i++) await catalog.fetch("/");
  for (const backend of three.backends) backend.behaviour = (_req, res) => setTimeout(() => res.end("slow"), 400);
  const executed = (): number => three.backends.reduce((sum, backend) => sum + backend.executions, 0);
  const before = executed();
  // 60 at a time: the first of them cannot know, and the budget, fifty, would let most of them ask again.
  for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 60 }, () => catalog.fetch("/")));
  const calls = 240;
  assert.ok(executed() - before <= calls * 1.1, `${executed() - before} executions of ${calls} calls`);
});
