import type { DnsResolver } from "../../src/servers/dns-resolver.ts";

interface Srv {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What a question gets: addresses (or targets), an error code, or nothing ever. */
type Said<T> = readonly T[] | string;

/** A DNS server that tests write. What it does not know does not exist; questions are counted. */
export class FakeDns {
  ttl = 60;
  asked = 0;
  cancelled = 0;
  /** Under way, and the most there were at a time. */
  open = 0;
  openMax = 0;
  readonly a = new Map<string, Said<string>>();
  readonly aaaa = new Map<string, Said<string>>();
  readonly srv = new Map<string, Said<Srv>>();

  /** As an option of `dnsServers`. */
  readonly resolver = (): DnsResolver => {
    const pending = new Set<(error: Error) => void>();
    const said = <T>(what: Said<T> | undefined): Promise<readonly T[]> => {
      this.asked += 1;
      if (what === "silence") {
        this.open += 1;
        this.openMax = Math.max(this.open, this.openMax);
        return new Promise((_resolve, reject) => pending.add(reject));
      }
      if (typeof what === "object" && what.length > 0) return Promise.resolve(what);
      return Promise.reject(errorOf(typeof what === "string" ? what : "ENOTFOUND"));
    };
    return {
      resolve4: async (name) => (await said(this.a.get(name))).map((address) => ({ address, ttl: this.ttl })),
      resolve6: async (name) => (await said(this.aaaa.get(name))).map((address) => ({ address, ttl: this.ttl })),
      resolveSrv: (name) => said(this.srv.get(name)),
      cancel: () => {
        this.cancelled += 1;
        this.open -= pending.size;
        for (const reject of pending) reject(errorOf("ECANCELLED"));
        pending.clear();
      },
    };
  };
}

function errorOf(code: string): Error {
  return Object.assign(new Error(`query ${code}`), { code });
}
