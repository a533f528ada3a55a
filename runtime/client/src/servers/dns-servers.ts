import { isIP } from "node:net";
import type { ServerList } from "@holdfast/discovery";
import {
  type Clock,
  type Log,
  numberBetween,
  OptionError,
  type Random,
  silentLog,
  wholeBetween,
  withDefaults,
  within,
} from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { DnsApp, type DnsAppReport, type DnsSource } from "./dns-app.ts";
import { type DnsAsking, type DnsFamilies } from "./dns-name.ts";
import { DnsNames } from "./dns-names.ts";
import { type DnsTiming } from "./dns-question.ts";
import { type DnsResolver, systemResolver } from "./dns-resolver.ts";
import { HeldLists } from "./held-lists.ts";

export interface DnsServersOptions {
  readonly apps: Readonly<Record<string, DnsSource>>;
  /** Called once for each name and type of record. Default: the system's DNS servers. */
  readonly resolver?: () => DnsResolver;
  /** The zone of an address; `undefined`, and an error, are "not known". */
  readonly zoneOf?: (address: string) => string | undefined;
  /** Default `both`: what is reached over IPv4 and over IPv6 counts as two servers. */
  readonly families?: DnsFamilies;
  readonly timing?: Partial<DnsTiming>;
  readonly log?: Log;
}

/**
 * 5 s: c-ares' two tries of 2 s and some. 1 s to 5 min: no TTL makes a hot loop or hides a move for longer. 30 s: Ribbon's
 * `ServerListRefreshInterval`. 1–30 s after failures: soon enough for a restarting resolver, no load for a dead one.
 */
export const dnsTimingDefaults: DnsTiming = {
  lookupTimeoutMs: 5_000,
  ttlMinMs: 1_000,
  ttlMaxMs: 300_000,
  ttlUnknownMs: 30_000,
  retryMinMs: 1_000,
  retryMaxMs: 30_000,
};

/**
 * Servers from A, AAAA and SRV records. Names are looked up at once, and again after their TTL (1 s to 5 min, and up to
 * 10 % more). An answer replaces the list, gone addresses leave it; while DNS fails or says there is none at all, the
 * last good list stays, which `log` and {@link DnsServers.explain} say.
 *
 * @throws OptionError for names that cannot be ones, ports and times out of range.
 */
export function dnsServers(clock: Clock, random: Random, options: DnsServersOptions): DnsServers {
  return new DnsServers(clock, random, options);
}

/** What {@link dnsServers} returns. */
export class DnsServers implements ServerList {
  readonly #clock: Clock;
  readonly #lists = new HeldLists();
  readonly #names: DnsNames;
  readonly #apps = new Map<string, DnsApp>();
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock, random: Random, options: DnsServersOptions) {
    const { families = "both", resolver = systemResolver, zoneOf = () => undefined, log = silentLog } = options;
    const timing = checkedTiming(withDefaults(dnsTimingDefaults, options.timing));
    for (const [app, source] of Object.entries(options.apps)) checkSource(`apps.${app}`, source);
    this.#clock = clock;
    const asking: DnsAsking = { clock, random, timing, families, resolver };
    this.#names = new DnsNames(asking);
    for (const [app, source] of Object.entries(options.apps)) {
      const parts = { asking, names: this.#names, lists: this.#lists, zoneOf, log: log.child({ app }) };
      this.#apps.set(app, new DnsApp(app, source, parts, () => this.#tellReady()));
    }
    for (const app of this.#apps.values()) app.start();
  }

  instances(app: string): readonly InstanceRecord[] {
    return this.#lists.instances(app);
  }

  apps(): readonly string[] {
    return this.#lists.apps();
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    return this.#lists.subscribe(onChange);
  }

  /**
   * Resolves when each name was looked up once, well or not.
   *
   * @throws PlatformError `TIMED_OUT`
   */
  async ready(timeoutMs: number): Promise<void> {
    if (this.#isReady()) return;
    const known = Promise.withResolvers<void>();
    this.#waiting.add(known.resolve);
    try {
      await within(this.#clock, timeoutMs, "DNS: first lookup of all names", known.promise);
    } finally {
      this.#waiting.delete(known.resolve);
    }
  }

  /** What was found for `app`, what is wrong, and when DNS is asked next; `undefined` for an app that was not given. */
  explain(app: string): DnsAppReport | undefined {
    return this.#apps.get(app)?.report();
  }

  /** Ends all lookups. The lists stay as they are. */
  close(): void {
    for (const app of this.#apps.values()) app.close();
    this.#names.close();
    this.#lists.close();
  }

  #isReady(): boolean {
    return this.#apps.values().every((app) => app.settled);
  }

  #tellReady(): void {
    if (this.#waiting.size === 0 || !this.#isReady()) return;
    for (const resolve of this.#waiting) resolve();
  }
}

function checkSource(path: string, source: DnsSource): void {
  if ("srv" in source) return checkName(`${path}.srv`, source.srv);
  if (source.names.length === 0) throw new OptionError(`${path}.names`, "one or more names", source.names);
  for (const [i, name] of source.names.entries()) if (isIP(name) === 0) checkName(`${path}.names[${i}]`, name);
  wholeBetween(`${path}.port`, source.port, 1, 65_535);
}

/** Labels of up to 63 letters, digits, `-` and `_`, 253 in all; a dot at the end is allowed. */
function checkName(path: string, name: string): void {
  const isName = name.length <= 253 && /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.|$))+$/.test(name);
  if (!isName) throw new OptionError(path, "a host name", name);
}

function checkedTiming(timing: DnsTiming): DnsTiming {
  const dayMs = 86_400_000;
  numberBetween("timing.lookupTimeoutMs", timing.lookupTimeoutMs, 1, 60_000);
  numberBetween("timing.ttlMinMs", timing.ttlMinMs, 1, dayMs);
  numberBetween("timing.ttlMaxMs", timing.ttlMaxMs, timing.ttlMinMs, dayMs);
  numberBetween("timing.ttlUnknownMs", timing.ttlUnknownMs, 1, dayMs);
  numberBetween("timing.retryMinMs", timing.retryMinMs, 1, dayMs);
  numberBetween("timing.retryMaxMs", timing.retryMaxMs, timing.retryMinMs, dayMs);
  return timing;
}
