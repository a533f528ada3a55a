import type { InstanceRecord } from "@holdfast/wire";
import Pool from "undici/lib/dispatcher/pool.js";
import type { ClientOptions } from "./options.ts";
import { ServerState } from "./server-state.ts";

/** Calls under way on a server that vanished get so long to end by themselves. */
export const vanishedGraceMs = 2_000;

/** A server as we know it, with our connections to it. Connections belong to one identity, never to an address. */
export class ServerPool extends ServerState {
  readonly pool: Pool;
  readonly origin: string;

  /** `connectionAgeMs`: how old its connections may get; 0: as old as they like. */
  constructor(
    record: InstanceRecord,
    options: ClientOptions,
    nowMs: number,
    onChange: () => void,
    connectionAgeMs = 0,
  ) {
    super(record, options, nowMs, onChange);
    this.origin = `http://${record.address.includes(":") ? `[${record.address}]` : record.address}:${record.port}`;
    this.pool = new Pool(this.origin, {
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
      ...(connectionAgeMs > 0 ? { clientTtl: connectionAgeMs } : {}),
      connect: {
        timeout: options.connectTimeoutMs,
        ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
      },
    });
  }

  /** No new calls; connections close as soon as the calls on them have ended. */
  retire(): void {
    if (!this.listed) return;
    this.listed = false;
    this.pool.close().catch(() => {});
  }

  destroy(): void {
    this.listed = false;
    this.pool.destroy().catch(() => {});
  }
}
