import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { allPids, commandOf } from "./processes.ts";

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** Socket inodes listening on `port` of `address` or of the wildcard, from the text of `/proc/net/tcp` or `tcp6`. */
export function listeningInodes(text: string, address: string, port: number): string[] {
  const wanted = new Set([hexAddress(address), hexAddress("0.0.0.0"), "0".repeat(32)]);
  // ::ffff:a.b.c.d, as a dual-stack socket writes it.
  wanted.add(`0000000000000000FFFF0000${hexAddress(address)}`);
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const found: string[] = [];
  for (const line of text.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [local, state, inode] = [fields[1], fields[3], fields[9]];
    if (local === undefined || state !== "0A" || inode === undefined) continue;
    const [host, hostPort] = local.split(":");
    if (host !== undefined && hostPort === hexPort && wanted.has(host)) found.push(inode);
  }
  return found;
}

/** IPv4 as the kernel prints it: little-endian hex. */
function hexAddress(address: string): string {
  return address
    .split(".")
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"))
    .toReversed()
    .join("");
}

/** Who listens there; empty when nobody does or the system does not tell. */
export function holdersOf(address: string, port: number): PortHolder[] {
  const inodes = new Set<string>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    try {
      for (const inode of listeningInodes(readFileSync(file, "latin1"), address, port)) inodes.add(`socket:[${inode}]`);
    } catch {
      // Not Linux.
    }
  }
  if (inodes.size === 0) return [];
  return allPids()
    .filter((pid) => holdsOneOf(pid, inodes))
    .map((pid) => ({ pid, command: commandOf(pid) }));
}

function holdsOneOf(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false; // Another user's.
  }
}
