import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegistryEvent } from "@holdfast/wire";
import { eventsSince } from "../src/cli/events.ts";
import { formatSpan, readMoment } from "../src/cli/moment.ts";
import { completeId, readInstanceName } from "../src/cli/named-instance.ts";
import { bannerLines, readRegistryFlags } from "../src/cli/registry.ts";
import { registryWords } from "../src/cli/registry-words.ts";
import { Terminal } from "../src/cli/terminal.ts";

test("an instance is named by its app, in any case, and an id that may have slashes and colons of its own", () => {
  assert.deepEqual(readInstanceName("API/host:api:8080/blue"), { app: "api", id: "host:api:8080/blue" });
  for (const bad of ["api", "/i-1", "api/", ""]) assert.throws(() => readInstanceName(bad), { code: "USAGE" }, bad);
});

test("an id may be cut short as long as it means one instance; one that is in no list stays as it is", () => {
  const instances = [{ id: "i-1a2b" }, { id: "i-1a3c" }, { id: "host:8080" }];
  assert.equal(completeId(instances, "host"), "host:8080");
  assert.equal(completeId(instances, "1a2"), "i-1a2b");
  assert.equal(completeId(instances, "i-1a3c"), "i-1a3c");
  assert.equal(completeId(instances, "i-gone"), "i-gone");
  assert.throws(() => completeId(instances, "i-1a"), /i-1a: could be i-1a2b, i-1a3c/);
});

test("a moment is a time ago, a time or a cursor, and nothing else", () => {
  const nowMs = Date.parse("2026-01-02T03:04:05.000Z");
  assert.equal(readMoment(undefined, nowMs), undefined);
  assert.equal(readMoment("10m", nowMs), "2026-01-02T02:54:05.000Z");
  assert.equal(readMoment("2026-01-01T00:00:00+01:00", nowMs), "2025-12-31T23:00:00.000Z");
  assert.equal(readMoment("local-1a:1795:42", nowMs), "local-1a:1795:42");
  for (const bad of ["", "yesterday", "a:b:c"]) assert.throws(() => readMoment(bad, nowMs), { code: "OPTION_INVALID" });
});

test("spans are told in the unit people think in", () => {
  assert.deepEqual([0.4, 850, 6_249, 59_900, 180_000].map(formatSpan), ["0 ms", "850 ms", "6.2 s", "59.9 s", "3 min"]);
});

test("a standalone registry takes its options as settings, and names the option it cannot take", () => {
  const flags = {
    name: "a",
    zone: "east-1",
    profile: "compat",
    probe: "tcp",
    peers: "http://10.0.0.1:8761/, http://10.0.0.2:8761",
    eurekaPeer: ["http://10.0.0.9:8761/eureka/v2/"],
    remoteRegion: ["eu=http://10.1.0.1:8761/eureka/v2"],
    rateLimit: true,
  };
  assert.deepEqual(readRegistryFlags(flags, 8_761), {
    name: "a",
    zone: "east-1",
    profile: "compat",
    probe: "tcp",
    peers: ["http://10.0.0.1:8761", "http://10.0.0.2:8761"],
    eurekaPeers: ["http://10.0.0.9:8761/eureka/v2"],
    remoteRegions: { eu: "http://10.1.0.1:8761/eureka/v2" },
    rateLimit: {},
  });
  assert.deepEqual(readRegistryFlags({}, 9_000), { name: "registry-9000", peers: [] });
  const faults = [
    [{ peers: "a:8761" }, /^--peers: must be an http URL/],
    [{ name: "a b" }, /^--name: must be/],
    [{ probe: "udp" }, /^--probe: must be one of off, tcp, http/],
    [{ eurekaPeer: ["x"] }, /^--eureka-peer: must be/],
    [{ remoteRegion: ["eu"] }, /^--remote-region: must be name=url/],
    [{ remoteRegion: ["eu=x"] }, /^--remote-region: must be/],
  ] as const;
  for (const [bad, message] of faults)
    assert.throws(() => readRegistryFlags(bad, 1), { code: "OPTION_INVALID", message });
});

test("the banner of a standalone registry says where clients go in eight lines at most, and warns when it is open to others", () => {
  const terminal = new Terminal(false);
  const own = bannerLines(terminal, "http://127.0.0.1:8761", { name: "a", peers: [] }, "127.0.0.1");
  assert.ok(own.length <= 8);
  assert.match(own.join("\n"), /Eureka clients {2}http:\/\/127\.0\.0\.1:8761\/eureka\/v2/);
  assert.doesNotMatch(own.join("\n"), /open to others/);
  const open = bannerLines(terminal, "http://0.0.0.0:8761", { name: "a", peers: [] }, "0.0.0.0");
  assert.match(open.join("\n"), /0\.0\.0\.0 is open to others/);
});

test("who follows a registry's events sees each once, and is told when another registry goes on, or the same one anew", () => {
  const event = (sequence: number): RegistryEvent => ({
    sequence,
    at: "2026-01-02T03:04:05.000Z",
    kind: "registered",
    app: "api",
    id: `i-${sequence}`,
    by: "instance",
    detail: "registered UP",
  });
  const last = { registry: "a", oldest: 1, newest: 7, events: [event(6), event(7)] };
  const next = { registry: "a", oldest: 1, newest: 9, events: [event(7), event(8), event(9)] };
  assert.deepEqual(
    eventsSince(next, last)?.map(({ sequence }) => sequence),
    [8, 9],
  );
  assert.deepEqual(eventsSince(last, last), []);
  assert.equal(eventsSince({ ...next, registry: "b" }, last), undefined);
  assert.equal(eventsSince({ ...last, newest: 2, events: [event(2)] }, last), undefined);
});

test("a registry in the foreground speaks in sentences; what has none is left to its name and fields", () => {
  assert.equal(
    registryWords("registry.synced", { instances: 1, peers: [] }),
    "ready: 1 instance known, streams are served",
  );
  assert.equal(
    registryWords("registry.peer.down", { peer: "http://b:8761", reason: "connect ECONNREFUSED" }),
    "peer http://b:8761 is down: connect ECONNREFUSED",
  );
  assert.equal(registryWords("registry.time.rebased", {}), undefined);
});
