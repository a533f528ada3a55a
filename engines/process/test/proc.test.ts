import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProcNetTcp } from "../src/system/proc-net.ts";
import { parseProcStat } from "../src/system/proc-stat.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

test("a row of /proc/net/tcp gives address, port, state and inode", () => {
  const rows = [
    head,
    "   0: 0A01017F:2EE0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0",
    "   1: 0A01017F:2EE0 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1",
    "   2: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0",
    "",
  ];
  assert.deepEqual(parseProcNetTcp(rows.join("\n")), [
    { localAddress: "127.1.1.10", localPort: 12_000, remotePort: 0, state: "listen", inode: "4711" },
    { localAddress: "127.1.1.10", localPort: 12_000, remotePort: 54_321, state: "established", inode: "4712" },
    { localAddress: "0.0.0.0", localPort: 3_000, remotePort: 0, state: "listen", inode: "4713" },
  ]);
});

test("in /proc/net/tcp6 mapped addresses are IPv4, and the wildcard and loopback have their short names", () => {
  const row = (address: string): string =>
    `   0: ${address}:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 9 1 0`;
  const addresses = [
    "0000000000000000FFFF00000A01017F",
    "00000000000000000000000000000000",
    "00000000000000000000000001000000",
  ];
  const parsed = parseProcNetTcp([head, ...addresses.map(row)].join("\n"));
  assert.deepEqual(
    parsed.map((socket) => socket.localAddress),
    ["127.1.1.10", "::", "::1"],
  );
});

test("a process whose name holds spaces and brackets is read right", () => {
  const text = `4242 (a ) b) T 17 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654321 1000 20`;
  assert.deepEqual(parseProcStat(text), {
    pid: 4242,
    state: "T",
    parent: 17,
    group: 4242,
    session: 4242,
    startTime: "987654321",
  });
});

test("text that is no stat line gives nothing", () => {
  assert.equal(parseProcStat(""), undefined);
  assert.equal(parseProcStat("12 (x) S 1"), undefined);
});
