import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { BalancedClient } from "../../src/balanced-client.ts";
import { dnsServers } from "../../src/servers/dns-servers.ts";
import { Backend } from "../backends.ts";
import { FakeDns } from "./fake-dns.ts";

const srv = "_http._tcp.catalog.test";

test("calls find servers by DNS; when an address leaves the answer, its connections are closed and calls go elsewhere", async () => {
  await using first = await Backend.start("first");
  await using second = await Backend.start("second");
  const dns = new FakeDns();
  const target = (port: number) => ({ name: "host.test", port, priority: 0, weight: 0 });
  dns.a.set("host.test", ["127.0.0.1"]);
  dns.srv.set(srv, [target(first.port)]);
  const clock = new SystemClock();
  const timing = { ttlMinMs: 5, ttlMaxMs: 10 };
  const servers = dnsServers(clock, new SeededRandom(1), {
    apps: { catalog: { srv } },
    resolver: dns.resolver,
    families: "4",
    timing,
  });
  const client = new BalancedClient(servers, clock, new SeededRandom(2));
  try {
    const answered = async (): Promise<string> => (await client.service("catalog").fetch("/")).text();
    assert.equal(await answered(), "first");
    assert.equal(first.connections, 1);
    dns.srv.set(srv, [target(second.port)]);
    await waitFor("connections to close", () => first.connections === 0, { timeoutMs: 5_000, everyMs: 5 });
    assert.equal(await answered(), "second");
    dns.srv.set(srv, "ESERVFAIL");
    dns.a.set("host.test", "ETIMEOUT");
    await waitFor("both lookups to fail", () => servers.explain("catalog")?.problems.length === 2, {
      timeoutMs: 5_000,
      everyMs: 5,
    });
    assert.equal(await answered(), "second");
  } finally {
    await client.close();
    servers.close();
  }
});
