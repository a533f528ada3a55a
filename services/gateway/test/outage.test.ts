import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { BalancedClient } from "@holdfast/client";
import { staticServers } from "@holdfast/discovery";
import { gatewayHandler } from "@holdfast/gateway-server";
import { type InstanceId, SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { serve } from "@holdfast/service";
import { gatewaySettingsDefaults, type InstanceRecord } from "@holdfast/wire";

/** Circuits would end it before much is seen, if the machine is slow. */
const retriesAlone = { circuit: false } as const;

function recordOf(app: string, id: string, port: number): InstanceRecord {
  const names = { application: "movies", cluster: "c", serverGroup: "g", region: "r", zone: "z", metadata: {} };
  const state = { incarnation: 1, version: 1, status: "UP", verifiesIdentity: false } as const;
  return { app, id: id as InstanceId, address: "127.0.0.1", port, ...state, ...names };
}

test("while a service two hops away is down, layers of retries do not multiply", async (t) => {
  const clock = new SystemClock();
  let catalogExecutions = 0;
  const catalog = createServer((_req, res) => {
    catalogExecutions += 1;
    res.writeHead(503).end();
  });
  await new Promise<void>((resolve) => catalog.listen(0, "127.0.0.1", resolve));
  const bound = catalog.address();
  const catalogPort = typeof bound === "object" && bound !== null ? bound.port : 0;
  const catalogs = ["i-1", "i-2", "i-3"].map((id) => recordOf("catalog", id, catalogPort));
  const inner = new BalancedClient(staticServers({ catalog: catalogs }), clock, new SeededRandom(1), retriesAlone);

  let apiExecutions = 0;
  const surroundings = {
    clock,
    random: new SeededRandom(2),
    log: silentLog,
    meters: new MeterRegistry(),
    environment: { PORT: "0" },
  };
  const handler = async (_req: unknown, res: { writeHead(status: number): { end(): void } }): Promise<void> => {
    apiExecutions += 1;
    const { status } = await inner.service("catalog").fetch("/");
    res.writeHead(status).end();
  };
  const api = await serve({ name: "api", handler, handleSignals: false }, surroundings);
  const apis = ["i-4", "i-5"].map((id) => recordOf("api", id, api.port));
  const outer = new BalancedClient(staticServers({ api: apis }), clock, new SeededRandom(3), retriesAlone);
  const routes = [{ match: "/**", to: "api", timeoutMs: 2_000, stripPrefix: false }];
  const { handle } = gatewayHandler(outer, { ...gatewaySettingsDefaults, routes });
  const gateway = createServer((req, res) => void handle(req, res));
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
  const edge = gateway.address();
  const url = `http://127.0.0.1:${typeof edge === "object" && edge !== null ? edge.port : 0}/`;

  t.after(async () => {
    await outer.close();
    await inner.close();
    await api.stop();
    for (const server of [gateway, catalog]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  for (let i = 0; i < 200; i++) assert.equal((await fetch(url)).status, 503);

  assert.equal(apiExecutions, 200);
  // One in five, the fifty that were saved, and 10/s while this test ran; those that fail count double.
  assert.ok(catalogExecutions <= 200 + 40 + 50 + 20, `${catalogExecutions} executions`);
});
