import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "@holdfast/kernel";
import { FakeClock, settle } from "@holdfast/testing";
import { type DnsServers, dnsServers } from "../../src/servers/dns-servers.ts";
import { FakeDns } from "./fake-dns.ts";

const srv = "_http._tcp.catalog.test";
const noJitter: Random = { next: () => 0, below: () => 0, hex: () => "", child: () => noJitter };

async function serversOf(dns: FakeDns): Promise<{ clock: FakeClock; servers: DnsServers }> {
  const clock = new FakeClock();
  const servers = dnsServers(clock, noJitter, { apps: { catalog: { srv } }, resolver: dns.resolver, families: "4" });
  await settle();
  return { clock, servers };
}

const target = (name: string, port: number, priority = 0, weight = 0) => ({ name, port, priority, weight });
const shown = (servers: DnsServers): string[] =>
  servers.instances("catalog").map(({ address, port, metadata }) => `${address}:${port} ${metadata["weight"] ?? ""}`);

test("an SRV record's targets are servers with ports of their own", async () => {
  const dns = new FakeDns();
  dns.srv.set(srv, [target("a.test", 81), target("b.test", 82)]);
  dns.a.set("a.test", ["10.0.0.1"]).set("b.test", ["10.0.0.2", "10.0.0.3"]);
  const { servers } = await serversOf(dns);
  await servers.ready(1);
  assert.deepEqual(shown(servers), ["10.0.0.1:81 ", "10.0.0.2:82 ", "10.0.0.3:82 "]);
  servers.close();
});

test("weights are kept as shares of the heaviest, and weight 0 as a very small one", async () => {
  const dns = new FakeDns();
  dns.srv.set(srv, [target("a.test", 81, 0, 100), target("b.test", 81, 0, 25), target("c.test", 81, 0, 0)]);
  dns.a.set("a.test", ["10.0.0.1"]).set("b.test", ["10.0.0.2"]).set("c.test", ["10.0.0.3"]);
  const { servers } = await serversOf(dns);
  assert.deepEqual(shown(servers), ["10.0.0.1:81 ", "10.0.0.2:81 0.25", "10.0.0.3:81 0.01"]);
  servers.close();
});

test("targets of a later priority are listed only when none of an earlier one has an address", async () => {
  const dns = new FakeDns();
  dns.srv.set(srv, [target("spare.test", 81, 20), target("main.test", 81, 10)]);
  dns.a.set("main.test", "silence").set("spare.test", ["10.0.0.9"]);
  const { clock, servers } = await serversOf(dns);
  assert.deepEqual(shown(servers), [], "not before the first priority is known");
  await clock.advance(5_000);
  assert.deepEqual(shown(servers), ["10.0.0.9:81 "]);
  dns.a.set("main.test", ["10.0.0.1"]);
  await clock.advance(30_000);
  assert.deepEqual(shown(servers), ["10.0.0.1:81 "]);
  servers.close();
});

test("it is asked again every 30 s; targets that left are not looked up any more", async () => {
  const dns = new FakeDns();
  dns.srv.set(srv, [target("a.test", 81)]);
  dns.a.set("a.test", ["10.0.0.1"]).set("b.test", ["10.0.0.2"]);
  const { clock, servers } = await serversOf(dns);
  dns.srv.set(srv, [target("b.test", 82)]);
  await clock.advance(30_000);
  assert.deepEqual(shown(servers), ["10.0.0.2:82 "]);
  assert.deepEqual(
    servers.explain("catalog")?.names.map(({ name }) => name),
    ["b.test"],
  );
  dns.srv.set(srv, "silence");
  await clock.advance(30_000);
  const before = dns.asked;
  await clock.advance(4_999);
  assert.equal(dns.asked, before);
  servers.close();
  assert.equal(clock.pendingTimers, 0);
});

test("a target that stays is followed still, and so is one that left and came back", async () => {
  const dns = new FakeDns();
  dns.srv.set(srv, [target("a.test", 81), target("b.test", 82)]);
  dns.a.set("a.test", ["10.0.0.1"]).set("b.test", ["10.0.0.2"]);
  const { clock, servers } = await serversOf(dns);
  dns.srv.set(srv, [target("a.test", 81)]);
  await clock.advance(30_000);
  assert.deepEqual(shown(servers), ["10.0.0.1:81 "]);
  dns.srv.set(srv, [target("a.test", 81), target("b.test", 82)]);
  dns.a.set("a.test", ["10.0.0.11"]).set("b.test", ["10.0.0.12"]);
  await clock.advance(90_000);
  assert.deepEqual(shown(servers), ["10.0.0.11:81 ", "10.0.0.12:82 "]);
  servers.close();
});

test("a target that stays is looked up after its own TTL, however often the SRV record is", async () => {
  const dns = new FakeDns();
  dns.ttl = 250;
  dns.srv.set(srv, [target("a.test", 81)]);
  dns.a.set("a.test", ["10.0.0.1"]);
  const { clock, servers } = await serversOf(dns);
  await clock.advance(90_000);
  assert.equal(dns.asked, 4 + 1);
  servers.close();
});

test("of a target named twice the first counts, and `.` is never looked up", async () => {
  const dns = new FakeDns();
  dns.srv.set(srv, [target("a.test", 81, 0, 100), target("a.test", 81, 0, 50), target(".", 0)]);
  dns.a.set("a.test", ["10.0.0.1"]);
  const { servers } = await serversOf(dns);
  assert.deepEqual(shown(servers), ["10.0.0.1:81 "]);
  assert.equal(dns.asked, 2);
  servers.close();
});

for (const said of ["ESERVFAIL", "ENOTFOUND", [target(".", 0)], []]) {
  test(`the last good list stays when the SRV record is ${JSON.stringify(said)}`, async () => {
    const dns = new FakeDns();
    dns.srv.set(srv, [target("a.test", 81)]);
    dns.a.set("a.test", ["10.0.0.1"]);
    const { clock, servers } = await serversOf(dns);
    dns.srv.set(srv, said);
    await clock.advance(31_000);
    assert.deepEqual(shown(servers), ["10.0.0.1:81 "]);
    assert.equal(servers.explain("catalog")?.problems.length, 1);
    servers.close();
  });
}
