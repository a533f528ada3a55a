import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type LookupFunction, type Server, type Socket } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import type { NetworkFault } from "@holdfast/wire";
import { FaultHook } from "../../src/loopback/hook.ts";
import { type HookRules, open, readRules, wayOf } from "../../src/loopback/rules.ts";

const clock = new SystemClock();
const [own, other, third] = ["127.1.1.10", "127.1.2.10", "127.1.3.10"] as const;
const both: NetworkFault["pairs"] = [
  ["127.1.1.0/24", "127.1.2.0/24"],
  ["127.1.2.0/24", "127.1.1.0/24"],
];

function rules(...faults: Omit<NetworkFault, "id">[]): HookRules {
  const untilMs = clock.wallMs() + 60_000;
  return { faults: faults.map((fault, i) => ({ ...fault, id: `f-${i}`, untilMs })), places: {} };
}

describe("faults inside of a program", {
  skip: process.platform === "linux" ? false : "skipped: needs 127.R.Z.I",
}, () => {
  const hook = new FaultHook(clock, new SeededRandom(3), own, "1");
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  let port = 0;

  before(async () => {
    hook.install();
    for (const host of [other, third]) {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on("error", () => {});
        socket.pipe(socket);
      });
      server.listen(port, host);
      await once(server, "listening");
      const bound = server.address();
      port = typeof bound === "object" && bound !== null ? bound.port : 0;
      servers.push(server);
    }
  });
  afterEach(() => {
    hook.follow(rules());
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  after(() => {
    hook.remove();
    for (const server of servers) server.close();
  });

  function dial(host: string = other): Socket {
    const socket = connect({ host, port });
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    sockets.push(socket);
    return socket;
  }

  async function dialled(host: string = other): Promise<Socket> {
    const socket = dial(host);
    await once(socket, "connect");
    return socket;
  }

  /** What comes within `ms`. */
  async function heard(socket: Socket, ms: number): Promise<string> {
    let text = "";
    const listen = (part: string): void => {
      text += part;
    };
    socket.on("data", listen);
    await clock.sleep(ms);
    socket.off("data", listen);
    return text;
  }

  async function echo(socket: Socket, text: string): Promise<number> {
    const from = clock.monotonicMs();
    socket.write(text);
    let got = "";
    while (got.length < text.length) got += (await once(socket, "data"))[0] as string;
    assert.equal(got, text);
    return clock.monotonicMs() - from;
  }

  test("none in force: connections are as they are", async () => {
    assert.ok((await echo(await dialled(), "hello")) < 100);
    assert.equal(hook.connections, 1);
  });

  test("a partition stops an open connection without ending it; what was said then arrives after it", async () => {
    const socket = await dialled();
    await echo(socket, "before");
    hook.follow(rules({ kind: "partition", pairs: both }));
    socket.write("dur");
    socket.write("ing");
    assert.equal(await heard(socket, 60), "");
    hook.follow(rules());
    assert.equal(await heard(socket, 60), "during");
    await echo(socket, "after");
  });

  test("a new connection over a partition waits, and is made when it ends; other zones are reached all the while", async () => {
    hook.follow(rules({ kind: "partition", pairs: both }));
    const socket = dial();
    let isConnected = false;
    socket.once("connect", () => {
      isConnected = true;
    });
    socket.write("early");
    await echo(await dialled(third), "elsewhere");
    await clock.sleep(40);
    assert.equal(isConnected, false);
    hook.follow(rules());
    assert.equal(await heard(socket, 80), "early");
  });

  test("a connection over a partition can be given up", async () => {
    hook.follow(rules({ kind: "partition", pairs: both }));
    const socket = dial();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.destroy(new Error("too slow"));
    await closed;
    // Those of the tests before end in their own time.
    for (let tries = 0; hook.connections > 0; tries++) {
      assert.ok(tries < 200);
      await clock.sleep(5);
    }
  });

  test("one way: what is sent arrives, its answer does not until it is over", async () => {
    const socket = await dialled();
    hook.follow(rules({ kind: "partition", pairs: [["127.1.2.0/24", "127.1.1.0/24"]] }));
    socket.write("ping");
    assert.equal(await heard(socket, 60), "");
    hook.follow(rules());
    assert.equal(await heard(socket, 60), "ping");
  });

  test("refused: new connections at once, open ones are reset", async () => {
    const socket = await dialled();
    const reset = once(socket, "error");
    hook.follow(rules({ kind: "refuse", pairs: both }));
    assert.equal((await reset)[0].code, "ECONNRESET");
    const fresh = dial();
    assert.equal((await once(fresh, "error"))[0].code, "ECONNREFUSED");
  });

  test("delay, each way", async () => {
    const socket = await dialled();
    hook.follow(rules({ kind: "delay", pairs: both, delayMs: 40 }));
    const ms = await echo(socket, "x");
    assert.ok(ms >= 79 && ms < 200, `${ms} ms`);
    const from = clock.monotonicMs();
    await dialled();
    assert.ok(clock.monotonicMs() - from >= 79, "the handshake is delayed, too");
    hook.follow(rules());
    assert.ok((await echo(socket, "y")) < 40);
  });

  test("bandwidth: 50 KB at 4 Mbit/s take 100 ms", async () => {
    const socket = await dialled();
    hook.follow(rules({ kind: "bandwidth", pairs: [["127.1.1.0/24", "127.1.2.0/24"]], bitsPerSecond: 4e6 }));
    const ms = await echo(socket, "x".repeat(50_000));
    assert.ok(ms >= 95 && ms < 400, `${ms} ms`);
  });

  test("loss: what is lost comes later, in order, and nothing is lost for good", async () => {
    const socket = await dialled();
    hook.follow(rules({ kind: "loss", pairs: both, lossPercent: 30 }));
    for (let i = 0; i < 12; i++) socket.write(`${i},`);
    let got = "";
    while (!got.endsWith("11,")) got += (await once(socket, "data"))[0] as string;
    assert.equal(got, "0,1,2,3,4,5,6,7,8,9,10,11,");
  });

  test("where all have one address, connections made before any fault are known by their port", async () => {
    const same = new FaultHook(clock, new SeededRandom(4), other, "1");
    same.install();
    try {
      const socket = await dialled();
      const places = { "1": own, [String(port)]: other };
      same.follow({ ...rules({ kind: "partition", pairs: both }), places });
      socket.write("x");
      assert.equal(await heard(socket, 40), "");
      same.follow({ ...rules(), places: {} });
      assert.equal(await heard(socket, 100), "x");
    } finally {
      same.remove();
    }
  });

  test("a name leads where its lookup says: so undici connects when a Host header names something else", async () => {
    const named = (): Socket => {
      const lookup = (
        _name: string,
        _options: unknown,
        done: (e: null, found: { address: string; family: number }[]) => void,
      ) => done(null, [{ address: other, family: 4 }]);
      const socket = connect({ host: "catalog", port, lookup: lookup as LookupFunction });
      sockets.push(socket);
      return socket;
    };
    hook.follow(rules({ kind: "refuse", pairs: both }));
    const [refused] = await once(named(), "error");
    assert.equal(refused.code, "ECONNREFUSED");
    hook.follow(rules());
    const socket = named();
    await once(socket, "connect");
    hook.follow(rules({ kind: "refuse", pairs: both }));
    const [reset] = await once(socket, "error");
    assert.equal(reset.code, "ECONNRESET");
    hook.follow(rules({ kind: "partition", pairs: both }));
    const waiting = named();
    waiting.on("data", () => {});
    let isThere = false;
    waiting.once("connect", () => (isThere = true));
    await clock.sleep(40);
    assert.equal(isThere, false);
    hook.follow(rules());
    if (!isThere) await once(waiting, "connect");
  });

  test("a fault ends by itself when nobody writes the file any more", async () => {
    const socket = await dialled();
    const { faults } = rules({ kind: "partition", pairs: both });
    hook.follow({ faults: faults.map((fault) => ({ ...fault, untilMs: clock.wallMs() + 80 })), places: {} });
    socket.write("x");
    assert.equal(await heard(socket, 40), "");
    assert.equal(await heard(socket, 120), "x");
  });

  test("the end of a connection waits for what was said before it", async () => {
    const socket = await dialled();
    hook.follow(rules({ kind: "delay", pairs: both, delayMs: 20 }));
    socket.end("last words");
    let got = "";
    socket.on("data", (part: string) => (got += part));
    await once(socket, "end");
    assert.equal(got, "last words");
  });
});

test("several faults on one way add up", () => {
  const at = (...faults: Omit<NetworkFault, "id">[]) => wayOf(rules(...faults), own, other, clock.wallMs());
  assert.equal(at(), open);
  assert.equal(at({ kind: "partition", pairs: [["127.1.2.0/24", "127.1.1.0/24"]] }), open);
  const delay = { kind: "delay", pairs: both, delayMs: 5 } as const;
  assert.equal(at(delay, delay).delayMs, 10);
  const loss = { kind: "loss", pairs: both, lossPercent: 50 } as const;
  assert.equal(at(loss, loss).loss, 0.75);
  const slow = { kind: "bandwidth", pairs: both, bitsPerSecond: 8_000 } as const;
  assert.equal(at(slow, { ...slow, bitsPerSecond: 9_000 }).bitsPerSecond, 8_000);
  assert.equal(at({ kind: "partition", pairs: [["127.1.0.0/16", other]] }).isCut, true);
});

test("a file that is no such file is no fault", () => {
  for (const text of ["", "{", "[]", '{"faults":7}', "null"]) {
    assert.deepEqual(readRules(text === "null" ? "{}" : text).faults, []);
  }
});
