import type { PlatformError } from "@holdfast/kernel";
import type { Fields } from "../fields.ts";
import type { ResponseHead } from "../response-head.ts";
import type { OriginConnection } from "./origin-connection.ts";

/** One request to an origin, and who takes its answer. Exactly one of `ended` and `failed` is its end, but for `switched`. */
export interface OriginCall {
  readonly method: string;
  /** The head, and a body that goes along with it; latin1. */
  readonly text: string;
  /** The rest of a body that is all there. */
  readonly bytes: Buffer | undefined;
  /** A body follows, by `OriginConnection.write`. */
  readonly streams: boolean;
  /** May be sent once more when a connection that was kept turns out to be closed: idempotent, and all there. */
  readonly repeatable: boolean;
  /** The protocol asked for; "" for none. */
  readonly upgrade: string;
  /** The request was written to `connection`, which may still be opening. */
  sent(connection: OriginConnection): void;
  /** The connection is open: a body that streams may follow. */
  ready(connection: OriginConnection): void;
  /** An answer before the answer (1xx). */
  informed(head: ResponseHead): void;
  /** The answer; `whole` is its body (latin1) when all of it is here, and then the call is over. */
  answered(head: ResponseHead, whole: string | undefined): void;
  /** A piece of the body, the taker's to keep. False: pause. */
  data(piece: Buffer): boolean;
  ended(trailers: Fields | undefined): void;
  /** The origin speaks another protocol from now on. */
  switched(head: ResponseHead, connection: OriginConnection): void;
  /** More of the request's body can be written. */
  drained(): void;
  /** `error.details.sent` false: the origin has seen nothing of it. */
  failed(error: PlatformError): void;
}
