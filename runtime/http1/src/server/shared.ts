import type { Exchange } from "./exchange.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerOptions } from "./server-options.ts";

/** What all connections of a server share. */
export interface Shared {
  readonly options: ServerOptions;
  /** As of the last beat: deadlines need no more. */
  readonly nowMs: number;
  readonly draining: boolean;
  date(): string;
  request(exchange: Exchange): void;
  closed(connection: ServerConnection): void;
}
