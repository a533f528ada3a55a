import { Resolver } from "node:dns/promises";
import { codeOf } from "@holdfast/kernel";

/** What is asked of DNS. Node's `dns.promises.Resolver` is one. */
export interface DnsResolver {
  resolve4(name: string, options: { ttl: true }): Promise<readonly DnsAddress[]>;
  resolve6(name: string, options: { ttl: true }): Promise<readonly DnsAddress[]>;
  resolveSrv(name: string): Promise<readonly DnsService[]>;
  /** Ends all questions under way. Without it they are left to themselves, and what they answer late is not heard. */
  cancel?(): void;
}

export interface DnsAddress {
  readonly address: string;
  /** In seconds. */
  readonly ttl: number;
}

export interface DnsService {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What c-ares says when the name, or the record of this type, does not exist: an answer, and an empty one. */
const emptyCodes: ReadonlySet<string> = new Set(["ENODATA", "ENOTFOUND"]);

export function saysThereIsNone(error: unknown): boolean {
  return emptyCodes.has(codeOf(error));
}

/**
 * Asks the servers of `/etc/resolv.conf` by c-ares: neither `/etc/hosts` nor its search domains count, so names are to be
 * whole. Two tries of 2 s, so that one lost packet does not spoil a lookup.
 */
export function systemResolver(): DnsResolver {
  return new Resolver({ timeout: 2_000, tries: 2 });
}
