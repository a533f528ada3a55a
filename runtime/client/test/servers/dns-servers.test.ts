import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type Log, type Random, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock, settle } from "@holdfast/testing";
import { type DnsServers, type DnsServersOptions, dnsServers } from "../../src/servers/dns-servers.ts";
import { FakeDns } from "./fake-dns.ts";

const name = "catalog.test";
const noJitter: Random = { next: () => 0, below: () => 0, hex: () => "", child: () => noJitter };

interface World {
  readonly clock: FakeClock;
  readonly dns: FakeDns;
  readonly servers: DnsServers;
  readonly changes: string[][];
}

/** A list of one app, whose first lookup has ended. */
async function world(dns: FakeDns, more: Partial<DnsServersOptions> = {}, random: Random = noJitter): Promise<World> {
  const clock = new FakeClock();
  const apps = { catalog: { names: [name], port: 8080 } };
  const servers = dnsServers(clock, random, { apps, resolver: dns.resolver, ...more });
  const changes: string[][] = [];
  servers.subscribe((changed) => void changes.push([...changed]));
  await settle();
  return { clock, dns, servers, changes };
}

function dnsWith(...addresses: string[]): FakeDns {
  const dns = new FakeDns();
  dns.a.set(name, addresses);
  return dns;
}

const addressesOf = (servers: DnsServers, app = "catalog"): string[] =>
  servers.instances(app).map(({ address, port }) => `${address} ${port}`);

test("the addresses of a name are servers, of both families, and UP", async () => {
  const dns = dnsWith("10.0.0.1", "10.0.0.2");
  dns.aaaa.set(name, ["fd00::1"]);
  const { servers } = await world(dns);
  assert.deepEqual(addressesOf(servers), ["10.0.0.1 8080", "10.0.0.2 8080", "fd00::1 8080"]);
  assert.deepEqual(servers.apps(), ["catalog"]);
  assert.ok(servers.instances("catalog").every(({ status, app }) => status === "UP" && app === "catalog"));
  assert.deepEqual(servers.instances("nobody"), []);
  servers.close();
});

test("an answer is asked for again when its TTL is over, and not before", async () => {
  const { clock, dns, servers, changes } = await world(dnsWith("10.0.0.1"), { families: "4" });
  dns.a.set(name, ["10.0.0.2"]);
  await clock.advance(59_999);
  assert.equal(dns.asked, 1);
  assert.deepEqual(addressesOf(servers), ["10.0.0.1 8080"]);
  await clock.advance(1);
  assert.equal(dns.asked, 2);
  assert.deepEqual(addressesOf(servers), ["10.0.0.2 8080"]);
  assert.deepEqual(changes, [["catalog"], ["catalog"]]);
  servers.close();
});

for (const { ttl, afterMs } of [
  { ttl: 0, afterMs: 1_000 },
  { ttl: -5, afterMs: 1_000 },
  { ttl: 86_400, afterMs: 300_000 },
  { ttl: Number.NaN, afterMs: 30_000 },
]) {
  test(`a TTL of ${ttl} s counts as ${afterMs} ms`, async () => {
    const dns = dnsWith("10.0.0.1");
    dns.ttl = ttl;
    const { clock, servers } = await world(dns, { families: "4" });
    await clock.advance(afterMs - 1);
    assert.equal(dns.asked, 1);
    await clock.advance(1);
    assert.equal(dns.asked, 2);
    servers.close();
  });
}

test("callers that start together ask again spread over 10 % of the TTL", async () => {
  const nextInMs = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const { servers } = await world(dnsWith("10.0.0.1"), { families: "4" }, new SeededRandom(seed));
    const next = servers.explain("catalog")?.names[0]?.nextInMs ?? 0;
    assert.ok(next >= 60_000 && next <= 66_000, String(next));
    nextInMs.add(next);
    servers.close();
  }
  assert.ok(nextInMs.size > 15);
});

test("the same answer in another order, or with one address twice, changes nothing: not even the array", async () => {
  const { clock, dns, servers, changes } = await world(dnsWith("10.0.0.1", "10.0.0.2"));
  const before = servers.instances("catalog");
  dns.a.set(name, ["10.0.0.2", "10.0.0.1", "10.0.0.2"]);
  await clock.advance(60_000);
  assert.equal(servers.instances("catalog"), before);
  assert.equal(changes.length, 1);
  servers.close();
});

test("what stays keeps its record, what has gone leaves, what is new comes", async () => {
  const { clock, dns, servers } = await world(dnsWith("10.0.0.1", "10.0.0.2"));
  const [, second] = servers.instances("catalog");
  dns.a.set(name, ["10.0.0.3", "10.0.0.2"]);
  await clock.advance(60_000);
  assert.deepEqual(addressesOf(servers), ["10.0.0.3 8080", "10.0.0.2 8080"]);
  assert.equal(servers.instances("catalog")[1], second);
  servers.close();
});

for (const failure of ["ESERVFAIL", "EREFUSED", "ETIMEOUT", "ENOTFOUND", "ENODATA"]) {
  test(`after ${failure} the last good list stays, is said to be doubtful once, and is replaced by the next answer`, async () => {
    const said: string[] = [];
    const log: Log = {
      ...silentLog,
      warn: (event) => said.push(event),
      info: (event) => said.push(event),
      child: () => log,
    };
    const { clock, dns, servers, changes } = await world(dnsWith("10.0.0.1"), { families: "4", log });
    dns.a.set(name, failure);
    await clock.advance(60_000);
    await clock.advance(30_000);
    assert.deepEqual(addressesOf(servers), ["10.0.0.1 8080"]);
    assert.equal(servers.explain("catalog")?.problems.length, 1);
    assert.equal(servers.explain("catalog")?.doubtfulForMs, 30_000);
    assert.deepEqual(said, ["dns.servers.doubtful"]);
    dns.a.set(name, ["10.0.0.9"]);
    await clock.advance(30_000);
    assert.deepEqual(addressesOf(servers), ["10.0.0.9 8080"]);
    assert.deepEqual(servers.explain("catalog")?.problems, []);
    assert.deepEqual(said, ["dns.servers.doubtful", "dns.servers.known"]);
    assert.equal(changes.length, 2);
    servers.close();
  });
}

test("a resolver that fails is asked again after 1, 2, 4 … 30 s, and after the TTL once it answers", async () => {
  const dns = new FakeDns();
  dns.a.set(name, "ESERVFAIL");
  const { clock, servers } = await world(dns, { families: "4" });
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    const before = dns.asked;
    await clock.advance(seconds * 1_000 - 1);
    assert.equal(dns.asked, before, `${seconds} s`);
    await clock.advance(1);
    assert.equal(dns.asked, before + 1, `${seconds} s`);
  }
  dns.a.set(name, ["10.0.0.1"]);
  await clock.advance(30_000);
  assert.deepEqual(addressesOf(servers), ["10.0.0.1 8080"]);
  dns.a.set(name, "ESERVFAIL");
  await clock.advance(60_000);
  const before = dns.asked;
  await clock.advance(1_000);
  assert.equal(dns.asked, before + 1);
  servers.close();
});

test("a family without records is no problem while the other has some, and its servers leave", async () => {
  const dns = dnsWith("10.0.0.1");
  dns.aaaa.set(name, ["fd00::1"]);
  const { clock, servers } = await world(dns);
  dns.a.delete(name);
  await clock.advance(60_000);
  assert.deepEqual(addressesOf(servers), ["fd00::1 8080"]);
  assert.deepEqual(servers.explain("catalog")?.problems, []);
  servers.close();
});

test("a family that fails keeps its servers while the other one's change", async () => {
  const dns = dnsWith("10.0.0.1");
  dns.aaaa.set(name, ["fd00::1"]);
  const { clock, servers } = await world(dns);
  dns.a.set(name, "ESERVFAIL");
  dns.aaaa.set(name, ["fd00::2"]);
  await clock.advance(60_000);
  assert.deepEqual(addressesOf(servers), ["10.0.0.1 8080", "fd00::2 8080"]);
  servers.close();
});

test("a resolver that never answers for one family does not hold up the other", async () => {
  const dns = dnsWith("10.0.0.1");
  dns.aaaa.set(name, "silence");
  const { servers } = await world(dns);
  await servers.ready(1);
  assert.deepEqual(addressesOf(servers), ["10.0.0.1 8080"]);
  servers.close();
});

test("a lookup that never ends is cancelled after 5 s and repeated: one at a time, and none after close", async () => {
  const dns = new FakeDns();
  dns.a.set(name, "silence");
  const { clock, servers } = await world(dns, { families: "4" });
  await clock.advance(4_999);
  assert.equal(dns.cancelled, 0);
  await clock.advance(1);
  assert.equal(dns.cancelled, 1);
  assert.match(servers.explain("catalog")?.problems[0] ?? "", /^catalog\.test A: no answer from DNS within 5000 ms$/);
  await clock.advance(600_000);
  assert.ok(dns.asked > 10);
  assert.equal(dns.openMax, 1);
  servers.close();
  assert.equal(dns.open, 0);
  assert.equal(clock.pendingTimers, 0);
});

test("close ends a lookup that is under way", async () => {
  const dns = new FakeDns();
  dns.a.set(name, "silence");
  const { clock, servers } = await world(dns, { families: "4" });
  assert.equal(dns.open, 1);
  servers.close();
  await settle();
  assert.deepEqual([dns.open, clock.pendingTimers], [0, 0]);
});

test("an answer that comes after its time is not heard", async () => {
  const answers: PromiseWithResolvers<{ address: string; ttl: number }[]>[] = [];
  const resolve4 = (): Promise<{ address: string; ttl: number }[]> => {
    const answer = Promise.withResolvers<{ address: string; ttl: number }[]>();
    answers.push(answer);
    return answer.promise;
  };
  const none = (): Promise<never> => Promise.reject(Object.assign(new Error("none"), { code: "ENODATA" }));
  const resolver = () => ({ resolve4, resolve6: none, resolveSrv: none });
  const { clock, servers, changes } = await world(new FakeDns(), { resolver, families: "4" });
  await clock.advance(5_000);
  await clock.advance(1_000);
  answers[0]?.resolve([{ address: "10.0.0.1", ttl: 60 }]);
  await settle();
  assert.equal(answers.length, 2, "while the next lookup is under way");
  assert.deepEqual(changes, []);
  answers[1]?.resolve([{ address: "10.0.0.2", ttl: 60 }]);
  await settle();
  assert.deepEqual(addressesOf(servers), ["10.0.0.2 8080"]);
  servers.close();
});

test("a resolver that throws, or answers what is no address, is no worse than one that fails", async () => {
  const resolver = () => ({
    resolve4: (): never => {
      throw new Error("broken");
    },
    resolve6: () => Promise.resolve([{ address: "not an address", ttl: 60 }]),
    resolveSrv: () => Promise.resolve([]),
  });
  const { servers } = await world(new FakeDns(), { resolver });
  assert.deepEqual(servers.instances("catalog"), []);
  assert.deepEqual(servers.explain("catalog")?.problems, ["broken"]);
  servers.close();
});

test("ready waits for the first lookup of all names, and fails when one is not done in time", async () => {
  const dns = dnsWith("10.0.0.1");
  dns.a.set("titles.test", "silence");
  const apps = { catalog: { names: [name], port: 80 }, titles: { names: ["titles.test"], port: 80 } };
  const { clock, servers } = await world(dns, { apps, families: "4" });
  const early = assert.rejects(servers.ready(2_000), (error) => hasCode(error, "TIMED_OUT"));
  await clock.advance(2_000);
  await early;
  const late = servers.ready(10_000);
  await clock.advance(3_000);
  await late;
  await servers.ready(0);
  servers.close();
  assert.equal(clock.pendingTimers, 0);
});

test("two apps with the same name share its lookups", async () => {
  const apps = { catalog: { names: [name], port: 80 }, titles: { names: [`${name.toUpperCase()}.`], port: 81 } };
  const { clock, dns, servers } = await world(dnsWith("10.0.0.1"), { apps, families: "4" });
  assert.equal(dns.asked, 1);
  await clock.advance(60_000);
  assert.equal(dns.asked, 2);
  assert.deepEqual(addressesOf(servers, "titles"), ["10.0.0.1 81"]);
  servers.close();
});

test("an IP address is a server of its own, and DNS is not asked", async () => {
  const apps = { catalog: { names: ["::1", "127.0.0.1"], port: 80 } };
  const { dns, clock, servers } = await world(new FakeDns(), { apps });
  await servers.ready(1);
  assert.deepEqual(addressesOf(servers), ["::1 80", "127.0.0.1 80"]);
  assert.equal(dns.asked + clock.pendingTimers, 0);
  servers.close();
});

test("zones are given by the address; a function that fails or does not know gives `none`", async () => {
  const zoneOf = (address: string): string | undefined => {
    if (address === "10.0.2.1") throw new Error("no zone");
    return address.startsWith("10.0.0.") ? "a" : undefined;
  };
  const { servers } = await world(dnsWith("10.0.0.1", "10.0.1.1", "10.0.2.1"), { zoneOf });
  assert.deepEqual(
    servers.instances("catalog").map(({ zone }) => zone),
    ["a", "none", "none"],
  );
  servers.close();
});

test("after close nothing is asked, told, or left waiting", async () => {
  const { clock, dns, servers, changes } = await world(dnsWith("10.0.0.1"));
  servers.close();
  assert.equal(clock.pendingTimers, 0);
  dns.a.set(name, ["10.0.0.2"]);
  await clock.advance(600_000);
  assert.equal(dns.asked, 2);
  assert.equal(changes.length, 1);
  assert.equal(clock.pendingTimers, 0);
});

for (const { path, options } of [
  { path: "apps.x.names", options: { apps: { x: { names: [], port: 1 } } } },
  { path: "apps.x.names[1]", options: { apps: { x: { names: ["a", "a b"], port: 1 } } } },
  { path: "apps.x.names[0]", options: { apps: { x: { names: ["a..b"], port: 1 } } } },
  { path: "apps.x.port", options: { apps: { x: { names: ["a"], port: 65_536 } } } },
  { path: "apps.x.srv", options: { apps: { x: { srv: "" } } } },
  { path: "timing.ttlMaxMs", options: { apps: {}, timing: { ttlMaxMs: 10 } } },
  { path: "timing.lookupTimeoutMs", options: { apps: {}, timing: { lookupTimeoutMs: Number.NaN } } },
] satisfies { path: string; options: DnsServersOptions }[]) {
  test(`options that cannot be are refused by path, before anything is asked: ${path}`, () => {
    const dns = new FakeDns();
    const make = (): DnsServers => dnsServers(new FakeClock(), noJitter, { resolver: dns.resolver, ...options });
    assert.throws(make, (error) => hasCode(error, "OPTION_INVALID") && error.message.startsWith(`${path}: `));
    assert.equal(dns.asked, 0);
  });
}
