/**
 * Holds packets back: reads them from a TUN device at descriptor 3 and writes each again after the ms of its first argument.
 * Ends with its input. The time of a packet counts from when it was read.
 */
import { read, writeSync } from "node:fs";
import { SystemClock } from "@holdfast/kernel";

const tun = 3;
const packetBytesMax = 65_536;
/** A timer may come so much early, and a packet with it. */
const earlyMs = 0.3;

interface Waiting {
  readonly dueMs: number;
  readonly packet: Buffer;
}

const clock = new SystemClock();
const delayMs = Number(process.argv[2] ?? 0);
let line: Waiting[] = [];
let head = 0;
let isTimed = false;

function send(): void {
  isTimed = false;
  const nowMs = clock.monotonicMs() + earlyMs;
  for (let next = line[head]; next !== undefined && next.dueMs <= nowMs; next = line[head]) {
    head += 1;
    try {
      writeSync(tun, next.packet);
    } catch {
      // The kernel has no room for it: a packet lost, as on any wire.
    }
  }
  if (head > 4_096 || head === line.length) {
    line = line.slice(head);
    head = 0;
  }
  const next = line[head];
  if (next !== undefined) time(next.dueMs - clock.monotonicMs());
}

function time(ms: number): void {
  isTimed = true;
  clock.after(Math.max(0, ms), send);
}

function receive(): void {
  const buffer = Buffer.allocUnsafe(packetBytesMax);
  read(tun, buffer, 0, packetBytesMax, null, (error, bytes) => {
    if (error !== null) process.exit(error.code === "EAGAIN" ? 2 : 1);
    receive();
    // IPv6 neighbour talk on the device is nobody's.
    if ((buffer[0] ?? 0) >> 4 !== 4) return;
    line.push({ dueMs: clock.monotonicMs() + delayMs, packet: Buffer.from(buffer.subarray(0, bytes)) });
    if (!isTimed) time(delayMs);
  });
}

process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
receive();
process.stdout.write("ready\n");
