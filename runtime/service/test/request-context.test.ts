import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { currentContext } from "@holdfast/client";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { Resilience, runInRequestContext } from "@holdfast/resilience";
import { type NodeHandler, type RunningService, serve } from "@holdfast/service";
import { waitFor } from "@holdfast/testing";

function start(handler: NodeHandler): Promise<RunningService> {
  const surroundings = {
    clock: new SystemClock(),
    random: new SeededRandom(1),
    log: silentLog,
    meters: new MeterRegistry(),
    environment: { PORT: "0" },
  };
  return serve({ handleSignals: false, handler }, surroundings);
}

/** Sends requests in one write, and gives the bodies of their answers. */
async function pipelined(port: number, ids: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk));
  const requests = ids.map((id) => `GET / HTTP/1.1\r\nhost: a\r\nx-request-id: ${id}\r\n\r\n`);
  socket.write(requests.join(""));
  await waitFor("all answers", () => text.split("HTTP/1.1 200").length > ids.length && text.endsWith("|"));
  socket.destroy();
  return [...text.matchAll(/<(.*?)>/g)].map(([, body]) => body).join(" ");
}

test("requests that come in one packet each have their own context, now and after they have waited", async () => {
  const seen: string[] = [];
  const service = await start(async (_req, res) => {
    const id = currentContext()?.requestId ?? "none";
    await sleep(id === "a" ? 20 : 5);
    seen.push(`${id}=${currentContext()?.requestId}`);
    res.end(`<${currentContext()?.requestId}>|`);
  });
  try {
    assert.equal(await pipelined(service.port, ["a", "b", "c"]), "a b c");
    assert.deepEqual(seen.toSorted(), ["a=a", "b=b", "c=c"]);
  } finally {
    await service.stop();
  }
});

test("nothing of a request's context is left when it is over: neither for the server nor for who called it", async () => {
  const service = await start((_req, res) => void res.end("x"));
  try {
    await (await fetch(service.url, { headers: { "x-request-id": "gone" } })).text();
    assert.equal(currentContext(), undefined);
    const later = await new Promise((resolve) => setImmediate(() => resolve(currentContext())));
    assert.equal(later, undefined);
  } finally {
    await service.stop();
  }
});

test("commands of one request share their answers, those of another do not, and neither those of whom the service was started by", async () => {
  let asked = 0;
  const command = new Resilience(new SystemClock()).command<[string], string>({
    key: "title",
    run: async (_context, id) => `${id}${++asked}`,
    cacheKey: (id) => id,
  });
  await runInRequestContext(async () => {
    assert.equal(await command.execute("x"), "x1");
    const service = await start(async (_req, res) => {
      const both = await Promise.all([command.execute("x"), command.execute("x")]);
      const inner = await runInRequestContext(() => command.execute("x"));
      res.end([...both, inner, await command.execute("x")].join());
    });
    try {
      assert.equal(await (await fetch(service.url)).text(), "x2,x2,x3,x2");
      assert.equal(await (await fetch(service.url)).text(), "x4,x4,x5,x4");
      assert.equal(await command.execute("x"), "x1", "who started it has its own");
    } finally {
      await service.stop();
    }
  });
});
