import type { InstanceRecord } from "@holdfast/wire";
import Pool from "undici/lib/dispatcher/pool.js";
import type { ClientOptions } from "./options.ts";
import type { HostHealth } from "./outlier/host-health.ts";
import { ServerState } from "./server-state.ts";

/** Calls under way on a server that vanished get so long to end by themselves. */
export const vanishedGraceMs = 2_000;

/** A server as we know it, with our connections to it. Connections belong to one identity, never to an address. */
export class ServerPool extends ServerState {
  readonly origin: string;
  readonly #options: ClientOptions;
  /** How old connections get; `Infinity`: as old as they like. */
  readonly #ageMs: number;
  #pool: Pool;
  #renewAtMs: number;
  /** Pools whose connections end with the calls on them. */
  readonly #closing = new Set<Pool>();

  /** `sinceMs` as in {@link ServerState}. */
  constructor(
    record: InstanceRecord,
    health: HostHealth,
    options: ClientOptions,
    nowMs: number,
    sinceMs: number,
    ageMs: number,
  ) {
    super(record, health, nowMs, options.slowStartMs, sinceMs);
    this.origin = `http://${record.address.includes(":") ? `[${record.address}]` : record.address}:${record.port}`;
    this.#options = options;
    this.#ageMs = ageMs;
    this.#renewAtMs = nowMs + ageMs;
    this.#pool = newPool(this.origin, options);
  }

  get pool(): Pool {
    return this.#pool;
  }

  /** When its connections are old, this and later calls go over new ones. (undici's own `clientTtl` looks at the clock for each.) */
  override started(nowMs: number): void {
    super.started(nowMs);
    if (nowMs < this.#renewAtMs || !this.listed) return;
    this.#renewAtMs = nowMs + this.#ageMs;
    const old = this.#pool;
    this.#pool = newPool(this.origin, this.#options);
    this.#closing.add(old);
    const closed = (): void => void this.#closing.delete(old);
    old.close().then(closed, closed);
  }

  /** Makes a connection, and lets the server warm itself, by a request whose answer nobody reads. */
  warmUp(path: string): void {
    if (!this.listed) return;
    this.#pool.dispatch({ method: "GET", path, headers: [] }, unheard);
  }

  /** No new calls; connections close as soon as the calls on them have ended. */
  retire(): void {
    if (!this.listed) return;
    this.listed = false;
    this.#pool.close().catch(() => {});
  }

  async destroy(): Promise<void> {
    this.listed = false;
    await Promise.all([this.#pool, ...this.#closing].map((pool) => pool.destroy().catch(() => {})));
  }
}

const unheard = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {},
  onResponseError() {},
};

function newPool(origin: string, options: ClientOptions): Pool {
  return new Pool(origin, {
    connections: options.connectionsMax,
    pipelining: 1,
    keepAliveTimeout: options.keepAliveMs,
    keepAliveMaxTimeout: 60_000,
    // What a server announces less one second: we close first, always.
    keepAliveTimeoutThreshold: 1_000,
    maxHeaderSize: 128 * 1024,
    // Deadlines are ours, per call, not the pool's.
    headersTimeout: 0,
    bodyTimeout: options.bodyIdleMs,
    connect: {
      timeout: options.connectTimeoutMs,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    },
  });
}
