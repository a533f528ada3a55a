import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { instanceToken } from "@holdfast/engine-process";
import { SystemClock, silentLog } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import type { TraceList } from "@holdfast/wire";
import { traceDetailSchema, traceListSchema, traceLogsSchema } from "@holdfast/wire/control";
import type { Call } from "../src/control/api/route.ts";
import { traceRoutes } from "../src/control/api/trace-routes.ts";
import { readInstanceKey } from "../src/stack/instance-key.ts";
import { openTraces } from "../src/traces/trace-house.ts";

const clock = new SystemClock();
const traceId = "0af7651916cd43dd8448eb211c80319c";
const apiToken = "f".repeat(64);

async function world() {
  const directory = temporaryDirectory("traces");
  const file = join(directory.path, "i-api.log");
  mkdirSync(directory.path, { recursive: true });
  writeFileSync(
    file,
    [
      `{"time":"2026-01-01T00:00:02.000Z","event":"second","traceId":"${traceId}","spanId":"b7ad6b7169203331"}`,
      '{"time":"2026-01-01T00:00:00.000Z","event":"of another request"}',
      `2026-01-01T00:00:01.000Z plain text with ${traceId}`,
      "",
    ].join("\n"),
  );
  const sources = [
    { service: "api", instance: "i-api", zone: "a", file },
    { service: "other", instance: "i-other", zone: "a", file },
  ];
  const house = await openTraces(
    { clock, log: silentLog, token: apiToken, logSources: () => sources },
    { stateDirectory: directory.path, ports: { edge: 0, console: 0, registry: 0, otlp: 0 } },
  );
  const send = async (headers: Record<string, string>): Promise<number> => {
    const startTimeUnixNano = String(BigInt(Math.round(clock.wallMs())) * 1_000_000n);
    const endTimeUnixNano = String(BigInt(Math.round(clock.wallMs()) + 12) * 1_000_000n);
    const attributes = [{ key: "holdfast.request.id", value: { stringValue: "r-1" } }];
    const span = {
      traceId,
      spanId: "b7ad6b7169203331",
      name: "GET /",
      kind: 2,
      startTimeUnixNano,
      endTimeUnixNano,
      attributes,
    };
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "api" } }] };
    const answer = await fetch(`http://127.0.0.1:${house.port}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close", ...headers },
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const routes = traceRoutes({ clock, traces: house });
  const ask = (operationId: string, given: Partial<Call> = {}): unknown => {
    const route = routes.find((one) => one.operationId === operationId);
    assert.ok(route !== undefined);
    const query = route.query?.parse(given.query ?? {}) ?? {};
    return route.handle({ params: given.params ?? {}, query } as Call);
  };
  return {
    send,
    ask,
    house,
    token: instanceToken(readInstanceKey(directory.path), "i-api"),
    [Symbol.asyncDispose]: async () => {
      await house.close();
      directory[Symbol.dispose]();
    },
  };
}

describe("traces in control", () => {
  test("an instance sends with its own token, another program with that of the API, nobody else", async () => {
    await using there = await world();
    const bearer = (token: string): string => `Bearer ${token}`;
    assert.equal(await there.send({}), 401);
    assert.equal(await there.send({ authorization: bearer(there.token) }), 401);
    assert.equal(await there.send({ authorization: bearer(there.token), "x-holdfast-sender": "i-other" }), 401);
    assert.equal(await there.send({ authorization: bearer(apiToken), "x-holdfast-sender": "i-api" }), 401);
    assert.equal(there.house.store.view().traces, 0);
    assert.equal(await there.send({ authorization: bearer(there.token), "x-holdfast-sender": "i-api" }), 200);
    assert.equal(await there.send({ authorization: bearer(apiToken) }), 200);
  });

  test("they are listed, found by their id or a request's, with the logs that name them, by time", async () => {
    await using there = await world();
    await there.send({ authorization: `Bearer ${apiToken}` });
    const list = traceListSchema.parse(
      there.ask("listTraces", { query: { service: "api", minMs: "5", seconds: "60" } }),
    );
    assert.deepEqual(
      list.traces.map((trace) => [trace.traceId, trace.operation, trace.durationMs]),
      [[traceId, "GET /", 12]],
    );
    assert.deepEqual(list.store.services, ["api"]);
    assert.deepEqual((there.ask("listTraces", { query: { errors: "1" } }) as TraceList).traces, []);
    for (const id of [traceId, traceId.toUpperCase(), "0af765", "r-1"]) {
      assert.equal(traceDetailSchema.parse(there.ask("getTrace", { params: { id } })).traceId, traceId);
    }
    const lines = traceLogsSchema.parse(await there.ask("getTraceLogs", { params: { id: "r-1" } }));
    assert.deepEqual(
      lines.map(({ service, at, spanId }) => [service, at, spanId]),
      [
        ["api", "2026-01-01T00:00:01.000Z", ""],
        ["api", "2026-01-01T00:00:02.000Z", "b7ad6b7169203331"],
      ],
    );
    assert.throws(() => there.ask("getTrace", { params: { id: "nothing" } }), { code: "TRACE_UNKNOWN", status: 404 });
  });

  test("a port that is taken costs the traces, not control", async () => {
    await using there = await world();
    const { port = 0 } = there.house;
    const directory = temporaryDirectory("traces-taken");
    const second = await openTraces(
      { clock, log: silentLog, token: apiToken, logSources: () => [] },
      { stateDirectory: directory.path, ports: { edge: 0, console: 0, registry: 0, otlp: port } },
    );
    assert.equal(second.port, undefined);
    assert.deepEqual(second.store.view().traces, 0);
    await second.close();
    directory[Symbol.dispose]();
  });
});
