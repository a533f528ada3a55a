import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Log, SystemClock, silentLog } from "@holdfast/kernel";
import {
  MeterRegistry,
  type MeterSnapshot,
  parseSpectatordLine,
  SpectatordReceiver,
  SpectatordSender,
  spectatordId,
  spectatordLine,
} from "@holdfast/metrics";
import { FakeClock, waitFor } from "@holdfast/testing";

function shown(snapshots: readonly MeterSnapshot[]): Record<string, unknown> {
  const own = snapshots.filter((one) => !one.name.startsWith("spectatord."));
  return Object.fromEntries(
    own.map((one) => {
      const value =
        one.kind === "gauge"
          ? one.value
          : "totalMs" in one
            ? [one.count, one.totalMs]
            : "total" in one
              ? [one.count, one.total]
              : one.count;
      return [[one.name, ...Object.entries(one.tags).flat()].join(" "), value];
    }),
  );
}

function countOf(meters: MeterRegistry, name: string): number {
  return meters.counter(name).count;
}

test("every type of line feeds its meter, times in seconds", () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const receiver = new SpectatordReceiver(clock, silentLog, meters);
  receiver.takeBatch(
    [
      "c:server.numRequests,id=main:1",
      "c:server.numRequests,id=main:2.5",
      "t:server.requestLatency:0.25",
      "T:server.percentile:1e-3",
      "d:server.size:1024",
      "D:server.psize:7",
      "g:cpu:55.5",
      "m:peak,a=b:3",
      "m:peak,a=b:-1",
      "A:age:0",
      "C:mono:100",
      "C:mono:103.5",
      "U:bytes:18446744073709551615",
      "U:bytes:4",
      "X,1543160297100:times:10",
      "X,1543160298100:times:12",
      "",
    ].join("\n"),
  );
  assert.deepEqual(shown(meters.snapshot()), {
    "server.numRequests id main": 3.5,
    "server.requestLatency": [1, 250],
    "server.percentile": [1, 1],
    "server.size": [1, 1024],
    "server.psize": [1, 7],
    cpu: 55.5,
    "peak a b": 3,
    age: 0,
    mono: 3.5,
    bytes: 5,
    times: 2,
  });
  assert.deepEqual([countOf(meters, "spectatord.parsedCount"), countOf(meters, "spectatord.parseErrors")], [16, 0]);
});

test("what is no line is counted, and the first one is logged with its reason", () => {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (_event, fields) => void warnings.push(fields), child: () => log };
  const meters = new MeterRegistry();
  const receiver = new SpectatordReceiver(new FakeClock(), log, meters);
  const bad = [
    "c:name",
    "q:name:1",
    "c:name:",
    "c:name:one",
    "c:name:0x10",
    "c::1",
    "c:name,a:1",
    "c:name,=b:1",
    "c:name,a=:1",
    "c,5:name:1",
    "g,x:name:1",
    "g,1,2:name:1",
    "U:name:-1",
    "U:name:1.5",
    "nonsense",
    "c:name:1:2",
  ];
  for (const line of bad) {
    assert.equal(typeof parseSpectatordLine(line), "string", line);
    receiver.takeBatch(line);
  }
  assert.equal(countOf(meters, "spectatord.parseErrors"), bad.length);
  assert.deepEqual(shown(meters.snapshot()), {});
  assert.deepEqual(warnings, [{ line: "c:name", reason: "must be type:name:value" }]);
});

test("one id cannot be two kinds of meter, and the line that says so harms nobody", () => {
  const meters = new MeterRegistry();
  const receiver = new SpectatordReceiver(new FakeClock(), silentLog, meters);
  receiver.takeBatch("c:x:1\ng:x:5\nc:x:1");
  assert.deepEqual(shown(meters.snapshot()), { x: 2 });
  assert.equal(countOf(meters, "spectatord.parseErrors"), 1);
});

test("a gauge is valid as long as it says, at least five seconds", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const receiver = new SpectatordReceiver(clock, silentLog, meters);
  receiver.takeBatch("g,1:short:1\ng,120:long:2\ng:plain:3");
  await clock.advance(4_999);
  assert.deepEqual(shown(meters.snapshot()), { short: 1, long: 2, plain: 3 });
  await clock.advance(1);
  assert.deepEqual(shown(meters.snapshot()), { long: 2, plain: 3 });
  await clock.advance(120_000);
  assert.deepEqual(shown(meters.snapshot()), { plain: 3 });
});

test("lines above the limit of a second are dropped and counted", async () => {
  const clock = new FakeClock();
  const meters = new MeterRegistry();
  const receiver = new SpectatordReceiver(clock, silentLog, meters, { linesPerSecond: 10 });
  receiver.takeBatch("c:x:1\n".repeat(25));
  await clock.advance(1_000);
  receiver.takeBatch("c:x:1\n".repeat(3));
  assert.deepEqual(shown(meters.snapshot()), { x: 13 });
  assert.equal(countOf(meters, "spectatord.dropped"), 15);
});

test("what a line cannot say is replaced, and a written line is read back", () => {
  const id = spectatordId("my name", { "a,b": "c=d:e\n", empty: "", ok: "1" });
  assert.equal(id, "my_name,a_b=c_d_e_,ok=1");
  assert.deepEqual(parseSpectatordLine(spectatordLine("g", id, 1.5, 60)), {
    type: "g",
    option: 60,
    name: "my_name",
    tags: { a_b: "c_d_e_", ok: "1" },
    value: "1.5",
  });
  assert.equal(spectatordLine("U", "x", 18446744073709551615n), "U:x:18446744073709551615");
});

test("lines come over UDP and a Unix socket, and nothing is left open", async () => {
  const clock = new SystemClock();
  const meters = new MeterRegistry();
  const directory = mkdtempSync(join(tmpdir(), "hf-"));
  const path = join(directory, "s.sock");
  const receiver = new SpectatordReceiver(clock, silentLog, meters, { port: 0, path });
  const port = await receiver.start();
  const udp = new SpectatordSender(clock, { host: "127.0.0.1", port });
  const stream = new SpectatordSender(clock, { path }, { bufferBytes: 200 });
  for (let i = 0; i < 100; i++) {
    udp.send("c:udp:1");
    stream.send("c:stream:1");
  }
  udp.flush();
  stream.flush();
  await waitFor("all lines", () => countOf(meters, "udp") + countOf(meters, "stream") === 200);
  assert.deepEqual([udp.dropped, stream.dropped], [0, 0]);

  const rude = connect(path);
  rude.on("error", () => {});
  const cut = new Promise((resolve) => rude.on("close", resolve));
  rude.write("x".repeat(100_000));
  await cut;
  assert.equal(countOf(meters, "spectatord.parseErrors"), 1);

  await Promise.all([udp.close(), stream.close()]);
  await receiver.close();
  stream.send("c:late:1");
  assert.equal(stream.dropped, 1);
  rmSync(directory, { recursive: true });
});

test("a port that is taken is an error, and a receiver that is not there costs only the lines", async () => {
  const clock = new SystemClock();
  const taken = createSocket("udp4");
  await new Promise<void>((resolve) => void taken.bind(0, "127.0.0.1", resolve));
  const { port } = taken.address();
  const receiver = new SpectatordReceiver(clock, silentLog, new MeterRegistry(), { port });
  await assert.rejects(receiver.start(), { code: "EADDRINUSE" });
  await new Promise<void>((resolve) => void taken.close(resolve));
  const sender = new SpectatordSender(clock, { path: join(tmpdir(), "hf-nobody.sock") });
  sender.send("c:x:1\nc:y:1");
  sender.flush();
  await waitFor("both lines to be dropped", () => sender.dropped === 2);
  await sender.close();
});
