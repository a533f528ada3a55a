import assert from "node:assert/strict";
import { Agent, createServer, request, type Server } from "node:http";
import { test } from "node:test";
import { Balancer } from "@holdfast/balancer-server";
import { BalancedClient } from "@holdfast/client";
import { staticServers } from "@holdfast/discovery";
import { type InstanceId, SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";

async function startGateways(count: number): Promise<{ servers: Server[]; records: InstanceRecord[] }> {
  const servers: Server[] = [];
  const records: InstanceRecord[] = [];
  for (let i = 0; i < count; i++) {
    const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
      req.resume();
      if (req.url === "/slow") setTimeout(() => res.end("slow"), 400);
      else res.end(`gateway ${i}`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const bound = server.address();
    servers.push(server);
    records.push({
      app: "gateway",
      id: `i-${i}` as InstanceId,
      incarnation: 1,
      version: 1,
      status: "UP",
      region: "r",
      zone: `z${i}`,
      address: "127.0.0.1",
      port: typeof bound === "object" && bound !== null ? bound.port : 0,
      application: "holdfast",
      cluster: "c",
      serverGroup: "g",
      verifiesIdentity: false,
      metadata: {},
    });
  }
  return { servers, records };
}

interface Got {
  readonly status: number;
  readonly body: string;
  readonly connection: string | undefined;
}

function get(port: number, agent: Agent, path = "/"): Promise<Got> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, agent, path }, (res) => {
      let body = "";
      res.on("data", (chunk) => (body += String(chunk)));
      res.on("end", () => resolve({ status: res.statusCode ?? 0, body, connection: res.headers.connection }));
      res.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

function make(records: readonly InstanceRecord[]): { balancer: Balancer; client: BalancedClient } {
  const clock = new SystemClock();
  const options = { retryOn: "transport", hedgeMinMs: 1_000, hedgeMaxMs: 1_000 } as const;
  const client = new BalancedClient(staticServers({ gateway: records }), clock, new SeededRandom(3), options);
  return { balancer: new Balancer(client, clock, silentLog), client };
}

const edge = (port: number) => ({ listeners: [{ name: "edge", address: "127.0.0.1", port, target: "gateway" }] });

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

test("a gateway that dies under load costs no GET", async () => {
  const { servers, records } = await startGateways(3);
  const { balancer, client } = make(records);
  const [port] = await balancer.listen(edge(0), false, "i-1");
  const agent = new Agent({ keepAlive: true });
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) assert.equal((await get(port ?? 0, agent)).status, 200);
  };
  const lanes = Promise.all([lane(), lane(), lane(), lane()]);
  const [first] = servers;
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (first !== undefined) await stop(first);
  await lanes;
  agent.destroy();
  await balancer.close(0);
  await client.close();
  for (const server of servers) await stop(server);
});

test("without a gateway the edge says so with 503", async () => {
  const { balancer, client } = make([]);
  const [port] = await balancer.listen(edge(0), false, "i-1");
  const agent = new Agent();
  const got = await get(port ?? 0, agent);
  assert.equal(got.status, 503);
  assert.match(got.body, /"code":"SERVICE_UNKNOWN"/);
  agent.destroy();
  await balancer.close(0);
  await client.close();
});

test("two balancers share a port, and one that drains fails no request", {
  skip: process.platform !== "linux",
}, async () => {
  const { servers, records } = await startGateways(2);
  const one = make(records);
  const two = make(records);
  const [port = 0] = await one.balancer.listen(edge(0), true, "i-1");
  await two.balancer.listen(edge(port), true, "i-1");
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let stopped = false;
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (!stopped) {
      assert.equal((await get(port, agent)).status, 200);
      answered += 1;
    }
  };
  const lanes = Promise.all(Array.from({ length: 8 }, lane));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await one.balancer.close(5_000);
  const before = answered;
  await new Promise((resolve) => setTimeout(resolve, 100));
  stopped = true;
  await lanes;
  assert.ok(answered > before, "the other one goes on");
  agent.destroy();
  await two.balancer.close(0);
  await one.client.close();
  await two.client.close();
  for (const server of servers) await stop(server);
});

test("while draining, a request under way is answered, and its connection ends", async () => {
  const { servers, records } = await startGateways(1);
  const { balancer, client } = make(records);
  const [port = 0] = await balancer.listen(edge(0), false, "i-1");
  const agent = new Agent({ keepAlive: true });
  await get(port, agent);
  const slow = get(port, agent, "/slow");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = balancer.close(5_000);
  const got = await slow;
  assert.equal(got.body, "slow");
  await closed;
  await assert.rejects(get(port, new Agent()), { code: "ECONNREFUSED" });
  agent.destroy();
  await client.close();
  for (const server of servers) await stop(server);
});

test("64 KB of headers get a coded answer, and the next request is served", async () => {
  const { servers, records } = await startGateways(1);
  const { balancer, client } = make(records);
  const [port = 0] = await balancer.listen(edge(0), false, "i-1");
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-long": "y".repeat(64 * 1024) } });
  assert.equal(response.status, 431);
  assert.match(await response.text(), /"code":"HEADERS_TOO_LARGE"/);
  const agent = new Agent();
  assert.equal((await get(port, agent)).status, 200);
  agent.destroy();
  await balancer.close(0);
  await client.close();
  for (const server of servers) await stop(server);
});
