import { PlatformError } from "@holdfast/kernel";
import type { OriginCall } from "./origin-call.ts";
import type { OriginConnection } from "./origin-connection.ts";
import type { OriginOptions } from "./origin-options.ts";

/** What a connection needs of the origin it leads to. */
export interface Home {
  readonly host: string;
  readonly port: number;
  readonly options: OriginOptions;
  readonly nowMs: number;
  /** The connection can take a call. */
  free(connection: OriginConnection): void;
  closed(connection: OriginConnection): void;
  /** The call was lost with a connection that the origin had closed meanwhile. */
  again(call: OriginCall): void;
}

/** Why a call to an origin failed. `sent` false: the origin has seen nothing of it, so any request may go elsewhere. */
export function originFailure(
  { host, port }: Pick<Home, "host" | "port">,
  code: string,
  what: string,
  sent: boolean,
  cause: Error | undefined,
): PlatformError {
  return new PlatformError(code, `origin ${host}:${port}: ${what}`, {
    status: code === "ORIGIN_TIMEOUT" ? 504 : 502,
    next: "Look at the origin's own log; send the request to another of its kind.",
    details: { host, port, sent },
    cause,
  });
}
