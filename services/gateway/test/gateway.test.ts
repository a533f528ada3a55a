import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { BalancedClient } from "@holdfast/client";
import { staticServers } from "@holdfast/discovery";
import { gatewayHandler, RouteTable } from "@holdfast/gateway-server";
import { type InstanceId, SeededRandom, SystemClock } from "@holdfast/kernel";
import { gatewaySettingsDefaults, type InstanceRecord, type RouteSettings } from "@holdfast/wire";

const route = (match: string, to: string, more: Partial<RouteSettings> = {}): RouteSettings => ({
  match,
  to,
  timeoutMs: 1_000,
  stripPrefix: false,
  ...more,
});

test("the longest match wins, an exact one before a prefix", () => {
  const table = new RouteTable([
    route("/**", "web"),
    route("/api/**", "api"),
    route("/api/films/**", "catalog"),
    route("/api/films", "films"),
  ]);
  const to = (path: string): string | undefined => table.find(path)?.route.to;
  assert.equal(to("/"), "web");
  assert.equal(to("/api"), "api");
  assert.equal(to("/apiary"), "web");
  assert.equal(to("/api/x?y=/api/films/1"), "api");
  assert.equal(to("/api/films?limit=3"), "films");
  assert.equal(to("/api/films/7"), "catalog");
});

test("a path outside all routes has none", () => {
  assert.equal(new RouteTable([route("/api/**", "api")]).find("/other"), undefined);
  assert.equal(new RouteTable([]).find("/"), undefined);
});

test("stripPrefix leaves the rest of the path and the query", () => {
  const table = new RouteTable([route("/api/**", "api", { stripPrefix: true })]);
  assert.equal(table.find("/api/films?limit=3")?.path, "/films?limit=3");
  assert.equal(table.find("/api/")?.path, "/");
  assert.equal(table.find("/api")?.path, "/");
  assert.equal(table.find("/api?x=1")?.path, "/?x=1");
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

test("a gateway passes requests on by route and answers what it cannot with coded problems", async () => {
  const seen: string[] = [];
  const films = createServer((req, res) => {
    seen.push(req.url ?? "");
    if (req.url !== "/slow") res.end("films");
  });
  const port = await listen(films);
  const record: InstanceRecord = {
    app: "catalog",
    id: "i-a" as InstanceId,
    incarnation: 1,
    version: 1,
    status: "UP",
    region: "r",
    zone: "z",
    address: "127.0.0.1",
    port,
    application: "movies",
    cluster: "c",
    serverGroup: "g",
    verifiesIdentity: false,
    metadata: {},
  };
  const client = new BalancedClient(staticServers({ catalog: [record] }), new SystemClock(), new SeededRandom(1));
  const { handle } = gatewayHandler(client, {
    ...gatewaySettingsDefaults,
    routes: [route("/films/**", "catalog", { stripPrefix: true, timeoutMs: 200 }), route("/none/**", "nobody")],
  });
  const gateway = createServer((req, res) => void handle(req, res));
  const base = `http://127.0.0.1:${await listen(gateway)}`;
  const codeAt = async (path: string): Promise<[number, string]> => {
    const response = await fetch(base + path);
    return [response.status, ((await response.json()) as { code: string }).code];
  };

  assert.equal(await (await fetch(`${base}/films/7?x=1`)).text(), "films");
  assert.deepEqual(seen, ["/7?x=1"]);
  assert.deepEqual(await codeAt("/elsewhere"), [404, "ROUTE_UNKNOWN"]);
  assert.deepEqual(await codeAt("/films/slow"), [504, "UPSTREAM_TIMED_OUT"]);
  assert.deepEqual(await codeAt("/none/x"), [503, "SERVICE_UNKNOWN"]);

  for (const server of [gateway, films]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await client.close();
});
