import { namespaceOf } from "./places.ts";

/** How a process finds the network of its stack. */
export interface NetworkPlace {
  /** A process in the router's network and in the mount namespace where namespaces have their names. */
  readonly pid: number;
  /** Where namespaces have their names, as seen in there. */
  readonly directory: string;
  /** In a user namespace of its own: entered without privileges. */
  readonly rootless: boolean;
}

/** What a command line begins with so that it runs in the router's namespace, where control and agents stand. */
export function enterRouter(place: NetworkPlace): string[] {
  return ["nsenter", ...userOf(place), `--net=/proc/${place.pid}/ns/net`, "--"];
}

/** The same, and the names of namespaces can be seen: for the keeper. */
export function enterHouse(place: NetworkPlace): string[] {
  return ["nsenter", ...userOf(place), `--net=/proc/${place.pid}/ns/net`, `--mount=/proc/${place.pid}/ns/mnt`, "--"];
}

/** Into the namespace of one address, for a process that is in the router's already (and so in the user namespace). */
export function enterAddress(place: NetworkPlace, address: string): string[] {
  return ["nsenter", `--net=/proc/${place.pid}/root${place.directory}/${namespaceOf(address)}`, "--"];
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
