import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { test } from "node:test";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import {
  FixedLimit,
  PartitionedLimiter,
  ServerLimiter,
  type ServerLimiterOptions,
  SimpleLimiter,
} from "@holdfast/resilience";
import { FakeClock, settle } from "@holdfast/testing";
import fc from "fast-check";

/** As much of a response as the limiter sees. */
class FakeResponse extends EventEmitter {
  statusCode = 200;
  writableFinished = false;
  body = "";
  headers: Record<string, unknown> = {};

  setHeader(name: string, value: unknown): void {
    this.headers[name] = value;
  }

  writeHead(status: number, headers: Record<string, unknown>): void {
    this.statusCode = status;
    Object.assign(this.headers, headers);
  }

  end(body: Buffer | string = ""): void {
    this.body = body.toString();
    this.writableFinished = true;
    this.emit("close");
  }
}

interface Asked {
  readonly response: FakeResponse;
  /** What the handler gave back, or a promise of it. */
  readonly result: unknown;
}

/** A server of some places whose handler waits for its answer to be told. */
class FakeServer {
  readonly clock = new FakeClock();
  readonly simple: SimpleLimiter<IncomingMessage>;
  readonly limiter: ServerLimiter;
  /** Requests whose handler runs, by their url. */
  readonly running = new Map<string, FakeResponse>();
  readonly ran: string[] = [];
  readonly #handler;

  constructor(places: number, options?: Partial<ServerLimiterOptions>) {
    this.simple = new SimpleLimiter(this.clock, new FixedLimit(places));
    this.limiter = new ServerLimiter(this.clock, this.simple, options);
    this.#handler = this.limiter.limited((request, response) => {
      this.running.set(request.url ?? "", response as unknown as FakeResponse);
      this.ran.push(request.url ?? "");
      return request.url;
    });
  }

  ask(url: string, headers: Record<string, string> = {}): Asked {
    const response = new FakeResponse();
    const request = { url, headers, resume: () => {} } as unknown as IncomingMessage;
    const result = this.#handler(request, response as unknown as ServerResponse);
    return { response, result };
  }

  async answer(url: string, status = 200): Promise<void> {
    const response = this.running.get(url);
    assert.ok(response, `${url} is not running`);
    this.running.delete(url);
    response.statusCode = status;
    response.end("done");
    await settle();
  }
}

const priority = (value: number): Record<string, string> => ({ "x-holdfast-priority": String(value) });

test("server: a request with a place is run at once, and what the handler gives is passed on", () => {
  const server = new FakeServer(2);
  assert.equal(server.ask("/a").result, "/a");
  assert.deepEqual([server.ran, server.simple.inFlight], [["/a"], 1]);
});

test("server: one without a place waits, and is run when a place comes free", async () => {
  const server = new FakeServer(1);
  server.ask("/a");
  const { result } = server.ask("/b");
  assert.deepEqual([server.ran, server.limiter.waiting], [["/a"], 1]);
  await server.answer("/a");
  assert.deepEqual([server.ran, server.limiter.waiting], [["/a", "/b"], 0]);
  assert.equal(await result, "/b");
  await server.answer("/b");
  assert.deepEqual([server.simple.inFlight, server.simple.counts.success], [0, 2]);
});

test("server: one who has waited for too long is told to come again, and is not run", async () => {
  const server = new FakeServer(1, { retryAfterSeconds: 3 });
  server.ask("/a");
  const { response } = server.ask("/b");
  await server.clock.advance(95);
  assert.equal(response.writableFinished, false);
  await server.clock.advance(70);
  assert.equal(response.statusCode, 503);
  assert.deepEqual(
    [response.headers["retry-after"], response.headers["x-holdfast-not-executed"], response.headers["content-type"]],
    [3, "1", "application/problem+json"],
  );
  const problem = JSON.parse(response.body) as Record<string, unknown>;
  assert.deepEqual([problem["code"], problem["status"], problem["next"]], ["OVERLOADED", 503, "come again in 3 s"]);
  await server.answer("/a");
  assert.deepEqual([server.ran, server.limiter.counts.refused, server.clock.pendingTimers], [["/a"], [0, 1, 0, 0], 0]);
});

test("server: the status may be 429, and with no backlog nobody waits", async () => {
  const server = new FakeServer(0, { status: 429, backlog: 0 });
  const { response, result } = server.ask("/a");
  await result;
  assert.equal(response.statusCode, 429);
});

test("server: whoever matters more goes first, whatever is no priority is 1", async () => {
  const server = new FakeServer(1);
  server.ask("/first");
  for (const [url, given] of [
    ["/3", "3"],
    ["/none", undefined],
    ["/2", "2"],
    ["/odd", "0.5"],
    ["/word", "urgent"],
    ["/far", "9"],
    ["/0", "0"],
  ] as const) {
    server.ask(url, given === undefined ? {} : { "x-holdfast-priority": given });
  }
  for (const url of ["/first", "/0", "/none", "/odd", "/word", "/far", "/2", "/3"]) await server.answer(url);
  assert.deepEqual(server.limiter.counts.admitted, [1, 5, 1, 1]);
});

test("server: when the room is full, whoever matters less and came first makes way", async () => {
  const server = new FakeServer(1, { backlog: 2 });
  server.ask("/first");
  const [old, young] = [server.ask("/old", priority(3)), server.ask("/young", priority(3))];
  server.ask("/0", priority(0));
  const late = server.ask("/late", priority(3));
  await settle();
  assert.deepEqual(
    [old, young, late].map(({ response }) => response.statusCode),
    [503, 200, 503],
  );
  await server.answer("/first");
  await server.answer("/0");
  await server.answer("/young");
  assert.deepEqual(server.limiter.counts.refused, [0, 0, 0, 2]);
});

test("server: one waits for half the time that answers take, 5 ms at least", async () => {
  for (const [takesMs, waitsMs] of [
    [60, 30],
    [1, 5],
    [900, 100],
  ] as const) {
    const server = new FakeServer(1);
    server.ask("/a");
    await server.clock.advance(takesMs);
    await server.answer("/a");
    server.ask("/b");
    const { response } = server.ask("/c");
    await server.clock.advance(waitsMs);
    assert.equal(response.statusCode, 200);
    await server.clock.advance(11);
    assert.equal(response.statusCode, 503);
  }
});

test("server: once a line has not been empty for 100 ms, its newest goes first", async () => {
  const server = new FakeServer(1);
  server.ask("/0");
  // A place each 4 ms, for one of two that come.
  for (let i = 1; i <= 40; i++) {
    server.ask(`/${i}`);
    server.ask(`/${i}.b`);
    await server.clock.advance(4);
    const [running = ""] = server.running.keys();
    await server.answer(running);
  }
  assert.deepEqual(server.ran.slice(1, 5), ["/1", "/2", "/3", "/4"]);
  assert.deepEqual(server.ran.slice(-3), ["/38.b", "/39.b", "/40.b"]);
});

test("server: a low priority is not turned away while there are places", () => {
  const server = new FakeServer(10);
  for (let i = 0; i < 10; i++) server.ask(`/${i}`, priority(3));
  assert.equal(server.simple.inFlight, 10);
});

test("server: at three times the load, all that matters most is served, and the rest gets what is left", async () => {
  const clock = new FakeClock();
  const random = new SeededRandom(1);
  const simple = new SimpleLimiter<IncomingMessage>(clock, new FixedLimit(4));
  const handler = new ServerLimiter(clock, simple).limited((_request, response) => {
    clock.after(8 + random.below(5), () => response.end());
  });
  // 4 places, 10 ms each: 0.4 a ms. Of 1.2 a ms, a quarter of priority 0, 1, 2 and 3 each.
  const came = [0, 0, 0, 0];
  const served = [0, 0, 0, 0];
  const ask = (): void => {
    const which = random.below(4);
    const response = new FakeResponse();
    const request = { url: "/", headers: priority(which), resume: () => {} } as unknown as IncomingMessage;
    void handler(request, response as unknown as ServerResponse);
    came[which] = (came[which] ?? 0) + 1;
    response.on("close", () => {
      if (response.statusCode === 200) served[which] = (served[which] ?? 0) + 1;
    });
  };
  for (let ms = 0; ms < 500; ms++) {
    ask();
    if (random.next() < 0.2) ask();
    await clock.advance(1);
  }
  await clock.advance(200);
  const [first = 0, second = 0, , last = 1] = came.map((count, which) => (served[which] ?? 0) / count);
  assert.ok(
    first >= 0.99 && second >= 0.2 && second <= 0.5 && last <= 0.1,
    `${came.join(" ")} came, ${served.join(" ")} served`,
  );
  const all = served.reduce((sum, count) => sum + count, 0);
  assert.ok(all >= 0.95 * 0.4 * 500, `${all} served`);
  assert.deepEqual([simple.inFlight, clock.pendingTimers], [0, 0]);
});

test("server: health checks and what is exempt are run when all is full, and take no place", () => {
  const server = new FakeServer(0, { exempt: (request) => request.url === "/events" });
  for (const url of ["/healthz", "/health?full=1", "/readyz", "/health/live", "/events"]) {
    assert.equal(server.ask(url).result, url);
  }
  assert.ok(server.ask("/healthy").result instanceof Promise);
  assert.deepEqual([server.limiter.counts.exempt, server.simple.inFlight], [5, 0]);
});

test("server: a request whose deadline has passed is not run", async () => {
  const server = new FakeServer(1);
  const { response } = server.ask("/late", { "x-holdfast-deadline-ms": "0" });
  assert.deepEqual([response.statusCode, response.headers["x-holdfast-not-executed"]], [504, "1"]);
  server.ask("/a");
  const waiting = server.ask("/b", { "x-holdfast-deadline-ms": "3" });
  await server.clock.advance(4);
  await server.answer("/a");
  assert.equal(waiting.response.statusCode, 504);
  assert.equal((JSON.parse(waiting.response.body) as Record<string, unknown>)["code"], "DEADLINE_PASSED");
  assert.deepEqual([server.ran, server.limiter.counts.late, server.simple.inFlight], [["/a"], 2, 0]);
});

test("server: one who leaves while it waits is not run and leaves nothing behind", async () => {
  const server = new FakeServer(1);
  server.ask("/a");
  const { response, result } = server.ask("/b");
  response.emit("close");
  assert.equal(server.limiter.waiting, 0);
  assert.equal(await result, undefined);
  // One leaves just as its turn has come.
  const other = server.ask("/c");
  server.running.get("/a")?.end();
  other.response.emit("close");
  await settle();
  assert.deepEqual([server.ran, server.simple.inFlight, server.simple.counts.ignored], [["/a"], 0, 1]);
});

test("server: the limit learns from answers, from what a callee could not do, and not from failures", async () => {
  const server = new FakeServer(9);
  for (const [url, status] of [
    ["/ok", 200],
    ["/missing", 404],
    ["/failed", 500],
    ["/busy", 503],
    ["/slow", 504],
  ] as const) {
    server.ask(url);
    await server.answer(url, status);
  }
  server.ask("/gone").response.emit("close");
  const { response } = server.ask("/given-up", { "x-holdfast-deadline-ms": "50" });
  await server.clock.advance(50);
  response.emit("close");
  const { success, dropped, ignored } = server.simple.counts;
  assert.deepEqual([success, dropped, ignored, server.simple.inFlight], [2, 3, 2, 0]);
});

test("server: a place is held until the handler's promise has settled, too", async () => {
  const clock = new FakeClock();
  const simple = new SimpleLimiter<IncomingMessage>(clock, new FixedLimit(1));
  let finish = (): void => {};
  const handler = new ServerLimiter(clock, simple).limited((_request, response) => {
    setImmediate(() => response.end());
    return new Promise<void>((_resolve, reject) => {
      finish = () => reject(new Error("it failed"));
    });
  });
  const request = { url: "/", headers: {} } as IncomingMessage;
  const result = handler(request, new FakeResponse() as unknown as ServerResponse);
  await settle();
  assert.equal(simple.inFlight, 1);
  finish();
  await assert.rejects(result as Promise<void>, /it failed/);
  assert.equal(simple.inFlight, 0);
});

test("server: one who had to wait runs in its own async context", async () => {
  const clock = new FakeClock();
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const limiter = new SimpleLimiter<IncomingMessage>(clock, new FixedLimit(1));
  const handler = new ServerLimiter(clock, limiter).limited(() => seen.push(storage.getStore()));
  const responses = ["a", "b"].map((who) => {
    const response = new FakeResponse();
    const request = { url: "/", headers: {} } as IncomingMessage;
    storage.run(who, () => void handler(request, response as unknown as ServerResponse));
    return response;
  });
  storage.run("other", () => responses[0]?.end());
  await settle();
  assert.deepEqual(seen, ["a", "b"]);
});

test("server: a partition's request goes past others that its limiter has no place for", async () => {
  const clock = new FakeClock();
  const limiter = new PartitionedLimiter<IncomingMessage>(clock, new FixedLimit(2), {
    partitions: { live: 0.5 },
    partitionOf: (request) => request?.url?.slice(1),
  });
  const ran: string[] = [];
  const running: FakeResponse[] = [];
  const handler = new ServerLimiter(clock, limiter).limited((request, response) => {
    ran.push(request.url ?? "");
    running.push(response as unknown as FakeResponse);
  });
  for (const url of ["/batch", "/batch", "/live", "/batch", "/live"]) {
    const request = { url, headers: {} } as IncomingMessage;
    void handler(request, new FakeResponse() as unknown as ServerResponse);
  }
  assert.deepEqual(ran, ["/batch", "/batch", "/live"]);
  running[2]?.end();
  await settle();
  assert.deepEqual(ran, ["/batch", "/batch", "/live", "/live"]);
});

test("server: whatever happens, every request is run or answered, and no place is lost", async () => {
  const step = fc.record({
    kind: fc.constantFrom("ask", "ask", "answer", "leave", "wait"),
    n: fc.nat(60),
    deadlineMs: fc.option(fc.nat(40), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const server = new FakeServer(2, { backlog: 3, patienceMs: 30 });
      const responses = new Map<string, FakeResponse>();
      for (const [index, { kind, n, deadlineMs }] of steps.entries()) {
        const [running = ""] = server.running.keys();
        if (kind === "wait") await server.clock.advance(n);
        else if (kind === "answer" && running !== "") await server.answer(running, n < 50 ? 200 : 503);
        else if (kind === "leave") [...responses.values()][n % Math.max(1, responses.size)]?.emit("close");
        else if (kind === "ask") {
          const headers = deadlineMs === undefined ? {} : { "x-holdfast-deadline-ms": String(deadlineMs) };
          responses.set(`/${index}`, server.ask(`/${index}`, { ...priority(n % 4), ...headers }).response);
        }
        await settle();
        assert.ok(server.simple.inFlight <= 2);
        assert.ok(server.limiter.waiting <= 3);
        assert.ok(server.limiter.waiting === 0 || server.simple.inFlight === 2);
      }
      for (const response of responses.values()) response.emit("close");
      await server.clock.advance(100);
      assert.deepEqual([server.simple.inFlight, server.limiter.waiting, server.clock.pendingTimers], [0, 0, 0]);
      const { admitted, refused, late } = server.limiter.counts;
      const told = [...admitted, ...refused].reduce((sum, count) => sum + count, late);
      assert.ok(told <= responses.size && server.ran.length === admitted.reduce((sum, count) => sum + count, 0));
    }),
    { numRuns: 60 },
  );
});

test("server: senseless options are refused by name", () => {
  const refused: readonly (readonly [Partial<ServerLimiterOptions>, RegExp])[] = [
    [{ backlog: -1 }, /server\.backlog/],
    [{ patienceMs: -1 }, /server\.patienceMs: must be a number from 0 to 60000/],
    [{ retryAfterSeconds: 0.5 }, /server\.retryAfterSeconds/],
    [{ status: 200 as 503 }, /server\.status: must be 429 or 503/],
  ];
  for (const [options, path] of refused) assert.throws(() => new FakeServer(1, options), path);
});

test("server: over HTTP, one of many is run and the others are told to come again, with their bodies unread", {
  timeout: 5_000,
}, async () => {
  const clock = new SystemClock();
  const simple = new SimpleLimiter<IncomingMessage>(clock, new FixedLimit(1));
  const limiter = new ServerLimiter(clock, simple, { patienceMs: 1 });
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const handler = limiter.limited(async (_request, response) => {
    await held;
    response.end("done");
  });
  const server = createServer((request, response) => void handler(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}/`;
  try {
    const first = fetch(url);
    await once(server, "request");
    const others = await Promise.all([1, 2, 3].map(() => fetch(url, { method: "POST", body: "x".repeat(100_000) })));
    for (const other of others) {
      assert.deepEqual([other.status, other.headers.get("retry-after")], [503, "1"]);
      await other.text();
    }
    release();
    assert.equal(await (await first).text(), "done");
    assert.deepEqual(limiter.counts.refused, [0, 3, 0, 0]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
