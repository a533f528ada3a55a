import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { parseProcNetTcp, type TcpSocket, wildcards } from "./proc-net.ts";
import { allProcesses, groupMembers } from "./processes.ts";

/**
 * All TCP sockets of the network namespace that process `pid` lives in, ours by default; empty where the system does
 * not tell (anything but Linux).
 */
export function tcpSockets(pid: number | "self" = "self"): TcpSocket[] {
  const sockets: TcpSocket[] = [];
  for (const name of ["tcp", "tcp6"]) {
    try {
      sockets.push(...parseProcNetTcp(readFileSync(`/proc/${pid}/net/${name}`, "utf8")));
    } catch {
      // Not Linux, or no IPv6.
    }
  }
  return sockets;
}

/** Where the processes of a group listen. `group` is also its leader's pid. */
export function listenersOfGroup(group: number): TcpSocket[] {
  const listening = tcpSockets(group).filter((socket) => socket.state === "listen");
  if (listening.length === 0) return [];
  const inodes = new Set<string>();
  for (const member of groupMembers(group)) for (const inode of socketInodes(member.pid)) inodes.add(inode);
  return listening.filter((socket) => inodes.has(socket.inode));
}

/** How many connections to `address:port` are established, seen from the side of the server `pid`. */
export function connectionsTo(pid: number, address: string, port: number): number {
  let count = 0;
  for (const socket of tcpSockets(pid)) {
    if (socket.state === "established" && socket.localPort === port && socket.localAddress === address) count += 1;
  }
  return count;
}

export interface PortOwner {
  readonly pid: number;
  readonly command: string;
}

/** Who listens on `port` at `address` or at the wildcard; `undefined` when unknown (another user's, not Linux). */
export function ownerOfPort(address: string, port: number): PortOwner | undefined {
  const inodes = new Set<string>();
  for (const socket of tcpSockets()) {
    const matches = socket.localAddress === address || wildcards.has(socket.localAddress);
    if (socket.state === "listen" && socket.localPort === port && matches) inodes.add(socket.inode);
  }
  if (inodes.size === 0) return undefined;
  for (const { pid } of allProcesses()) {
    if (socketInodes(pid).some((inode) => inodes.has(inode))) return { pid, command: commandOf(pid) };
  }
  return undefined;
}

function socketInodes(pid: number): string[] {
  const inodes: string[] = [];
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const match = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`));
      if (match?.[1] !== undefined) inodes.push(match[1]);
    }
  } catch {
    // Gone, or not ours to look at.
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 200);
  } catch {
    return "?";
  }
}
