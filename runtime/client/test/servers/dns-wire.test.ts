import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { dnsServers } from "../../src/servers/dns-servers.ts";

const typeA = 1;
const typeSrv = 33;
const noSuchName = 3;

/** Answers A of `host.test` (TTL 7 s) and SRV of `_http._tcp.test`; says nothing about `silent.test`, and no to all else. */
async function startDns(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const name = labelsOf(query);
    if (name === "silent.test") return;
    const type = query.readUInt16BE(end - 4);
    let data: Buffer | undefined;
    if (type === typeA && name === "host.test") data = Buffer.from([127, 0, 0, 9]);
    if (type === typeSrv && name === "_http._tcp.test") {
      data = Buffer.from([0, 10, 0, 5, 0x1f, 0x90, 4, ...Buffer.from("host"), 4, ...Buffer.from("test"), 0]);
    }
    const exists = data !== undefined || name === "host.test";
    const head = Buffer.from([
      query[0] ?? 0,
      query[1] ?? 0,
      0x81,
      0x80 | (exists ? 0 : noSuchName),
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
    head.writeUInt16BE(data === undefined ? 0 : 1, 6);
    const record = data === undefined ? [] : [Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 7, 0, data.length]), data];
    socket.send(Buffer.concat([head, query.subarray(12, end), ...record]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { socket, port: socket.address().port };
}

function labelsOf(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0; at += (query[at] ?? 0) + 1) {
    labels.push(query.toString("latin1", at + 1, at + 1 + (query[at] ?? 0)));
  }
  return labels.join(".").toLowerCase();
}

test("Node's own resolver is one: addresses, no records of a family, SRV, no such name, and no answer", async () => {
  const { socket, port } = await startDns();
  const resolver = (): Resolver => {
    const made = new Resolver({ timeout: 10_000, tries: 1 });
    made.setServers([`127.0.0.1:${port}`]);
    return made;
  };
  const servers = dnsServers(new SystemClock(), new SeededRandom(1), {
    apps: {
      catalog: { names: ["host.test"], port: 80 },
      titles: { srv: "_http._tcp.test" },
      gone: { names: ["gone.test"], port: 80 },
      silent: { names: ["silent.test"], port: 80 },
    },
    resolver,
    timing: { lookupTimeoutMs: 200 },
  });
  try {
    await servers.ready(5_000);
    const shown = (app: string): string[] => servers.instances(app).map(({ address, port: at }) => `${address}:${at}`);
    assert.deepEqual(shown("catalog"), ["127.0.0.9:80"]);
    assert.deepEqual(shown("titles"), ["127.0.0.9:8080"]);
    assert.deepEqual(servers.explain("catalog")?.problems, []);
    assert.deepEqual(servers.explain("gone")?.problems, ["gone.test: DNS has no address"]);
    assert.match(servers.explain("silent")?.problems.join() ?? "", /no answer from DNS within 200 ms/);
  } finally {
    servers.close();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
});
