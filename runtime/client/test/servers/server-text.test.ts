import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { parseServers, ServerListUnfitError } from "../../src/servers/server-text.ts";
import { listedServers } from "../../src/servers/static-servers.ts";

const shown = (text: string): string[] =>
  parseServers(text).map(({ address, port, zone, weight }) => `${address} ${port} ${zone ?? "-"} ${weight}`);

for (const { text, servers } of [
  { text: "a:7001,b:7002", servers: ["a 7001 - 1", "b 7002 - 1"] },
  { text: "  a:7001 ,\n b:7002 ", servers: ["a 7001 - 1", "b 7002 - 1"] },
  { text: "a", servers: ["a 80 - 1"] },
  { text: "http://a:7001,HTTP://b/", servers: ["a 7001 - 1", "b 80 - 1"] },
  { text: "[::1]:81,http://[FD00::1]/,[::2]", servers: ["::1 81 - 1", "fd00::1 80 - 1", "::2 80 - 1"] },
  { text: "a:1;zone=z1;weight=5, b:1; weight = 2.5 ;zone=z2", servers: ["a 1 z1 1", "b 1 z2 0.5"] },
  { text: "a:1;weight=5,b:1", servers: ["a 1 - 1", "b 1 - 0.2"] },
  { text: "a:1,A:1;zone=late,a:2", servers: ["a 1 - 1", "a 2 - 1"] },
  { text: "a.b-c.example:65535,10.0.0.1:1", servers: ["a.b-c.example 65535 - 1", "10.0.0.1 1 - 1"] },
  { text: "", servers: [] },
  { text: " , ,", servers: [] },
]) {
  test(`${JSON.stringify(text)} is ${servers.length} servers`, () => {
    assert.deepEqual(shown(text), servers);
  });
}

for (const { text, position, says } of [
  { text: "a:1, b:x", position: 6, says: "port" },
  { text: "a:0", position: 1, says: "port" },
  { text: "a:65536", position: 1, says: "port" },
  { text: "a:", position: 1, says: "port" },
  { text: "a:-1", position: 1, says: "port" },
  { text: "::1:80", position: 1, says: "brackets" },
  { text: "[::1:80", position: 1, says: "brackets" },
  { text: "[10.0.0.1]:80", position: 1, says: "host" },
  { text: "[fe80::1%eth0]:80", position: 1, says: "host" },
  { text: ":80", position: 1, says: "host" },
  { text: "a b:80", position: 1, says: "host" },
  { text: "a:1,,https://b:443", position: 6, says: "https" },
  { text: "a/path", position: 1, says: "more than" },
  { text: "user@a:1", position: 1, says: "more than" },
  { text: "a:1;zone=", position: 5, says: "zone" },
  { text: "a:1;zone=x;weight=0", position: 12, says: "weight" },
  { text: "a:1;weight=1e9", position: 5, says: "weight" },
  { text: "a:1;weight=NaN", position: 5, says: "weight" },
  { text: "a:1;zone=x;zone=y", position: 12, says: "second zone" },
  { text: "a:1;color=red", position: 5, says: "neither" },
  { text: "a:1;__proto__=red", position: 5, says: "neither" },
]) {
  test(`${JSON.stringify(text)} is refused at character ${position}`, () => {
    assert.throws(
      () => parseServers(text),
      (error) =>
        error instanceof ServerListUnfitError && error.details["position"] === position && error.message.includes(says),
    );
  });
}

test("a written list is one of servers that are UP, and knows no other apps", () => {
  const servers = listedServers({ catalog: "a:1;zone=z;weight=1,b:2;weight=4", titles: "" });
  assert.deepEqual(
    servers.instances("catalog").map(({ id, status, zone, metadata }) => [id, status, zone, metadata["weight"]]),
    [
      ["static-a-1", "UP", "z", "0.25"],
      ["static-b-2", "UP", "none", undefined],
    ],
  );
  assert.deepEqual(servers.apps(), ["catalog"]);
  assert.deepEqual(servers.instances("titles"), []);
  assert.throws(
    () => listedServers({ catalog: "a:x" }),
    (error) => hasCode(error, "SERVER_LIST_UNFIT"),
  );
});
