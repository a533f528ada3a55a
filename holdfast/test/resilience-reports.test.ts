import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, test } from "node:test";
import { SystemClock } from "@holdfast/kernel";
import type { ResilienceReport } from "@holdfast/wire";
import { type ReportTarget, ResilienceReports } from "../src/resilience/resilience-reports.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function instance(id: string, handler: RequestListener): Promise<ReportTarget> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const adminPort = typeof bound === "object" && bound !== null ? bound.port : 0;
  return { service: "api", instance: id, zone: "local-1a", address: "127.0.0.1", adminPort };
}

const report: ResilienceReport = {
  commands: [
    {
      key: "catalog",
      group: "catalog",
      state: "open",
      why: "20 of 20 calls failed: 100 %, from 50 % on it opens",
      trialInMs: 800,
      requests: 20,
      errors: 20,
      errorPercentage: 100,
      windowMs: 10_000,
      active: 0,
      limit: 1_000,
      events: { FAILURE: 20 },
      latencyMs: { mean: 1, p50: 1, p90: 2, p99: 3, p995: 3 },
      history: [],
      properties: { "circuitBreaker.enabled": true },
    },
  ],
  balancers: [],
};

test("all instances are asked, in order of their names; who cannot answer is named with the reason", async () => {
  let asked = 0;
  const good: RequestListener = (req, res) => {
    assert.equal(req.url, "/v1/resilience");
    asked += 1;
    res.end(JSON.stringify(report));
  };
  const targets = [
    await instance("i-2", good),
    await instance("i-1", good),
    await instance("i-3", (_req, res) => res.writeHead(404).end()),
    await instance("i-4", (_req, res) => res.end('{"commands":[{"key":1}],"balancers":[]}')),
    await instance("i-5", () => {}),
    await instance("i-6", (_req, res) => res.end("not JSON")),
    await instance("i-7", (_req, res) => res.end(Buffer.alloc(5 * 1024 * 1024, " "))),
    { service: "api", instance: "i-8", zone: "local-1a", address: "127.0.0.1", adminPort: 1 },
  ];
  const reports = new ResilienceReports(new SystemClock(), () => targets);
  const view = await reports.view();
  assert.deepEqual(
    view.callers,
    ["i-1", "i-2"].map((id) => ({ service: "api", instance: id, zone: "local-1a", ...report })),
  );
  const why = Object.fromEntries(view.silent.map((one) => [one.instance, one.why]));
  assert.match(why["i-3"] ?? "", /older version/);
  assert.match(why["i-4"] ?? "", /commands\.0\.key/);
  assert.match(why["i-5"] ?? "", /1 s|1000 ms/);
  assert.match(why["i-6"] ?? "", /JSON/);
  assert.match(why["i-7"] ?? "", /longer than/);
  assert.match(why["i-8"] ?? "", /ECONNREFUSED/);
  assert.equal(view.silent.length, 6);
  await Promise.all([reports.view(), reports.view()]);
  assert.equal(asked, 2, "several readers within a second are shown the same");
  reports.close();
});
