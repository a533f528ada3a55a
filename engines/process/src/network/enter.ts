import type { NetworkPlace } from "@holdfast/wire";
import { namespaceOf } from "./places.ts";

/** What a command line begins with so that it runs in the router's namespace, where control and agents stand. */
export function enterRouter(place: NetworkPlace): string[] {
  return ["nsenter", ...userOf(place), `--net=/proc/${place.pid}/ns/net`, "--"];
}

/** The same, and the names of namespaces can be seen: for the keeper. */
export function enterHouse(place: NetworkPlace): string[] {
  return ["nsenter", ...userOf(place), `--net=/proc/${place.pid}/ns/net`, `--mount=/proc/${place.pid}/ns/mnt`, "--"];
}

/** Where the names of namespaces can be seen, for a process that is in the router's network already. */
export function enterMounts({ pid }: NetworkPlace): string[] {
  return ["nsenter", `--mount=/proc/${pid}/ns/mnt`, "--"];
}

/** Into the namespace of one address, for a process that is in the router's already (and so in the user namespace). */
export function enterAddress(place: NetworkPlace, address: string): string[] {
  return ["nsenter", `--net=${pathOfAddress(place, address)}`, "--"];
}

/** Where the namespace of an address has its name, as seen from everywhere on this machine. */
export function pathOfAddress(place: NetworkPlace, address: string): string {
  return `/proc/${place.pid}/root${place.directory}/${namespaceOf(address)}`;
}

function userOf({ pid, rootless }: NetworkPlace): string[] {
  return rootless ? [`--user=/proc/${pid}/ns/user`, "--preserve-credentials"] : [];
}

export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
}

/** A command line behind a prefix of the above, or as it is behind none. */
export function behind(prefix: readonly string[], file: string, args: readonly string[]): CommandLine {
  const all: readonly string[] = [...prefix, file, ...args];
  const [first = file, ...rest] = all;
  return { file: first, args: rest };
}
