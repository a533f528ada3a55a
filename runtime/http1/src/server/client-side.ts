import type { TunnelEnd } from "../tunnel-end.ts";

/** What an exchange needs of the connection it came by. */
export interface ClientSide {
  readonly remoteAddress: string;
  /** The connection ends with the answer under way, or with the next. */
  readonly closing: boolean;
  /** Now, as a `Date` field has it. */
  date(): string;
  /** Writes latin1. False: the client is slow. */
  send(text: string): boolean;
  sendBytes(data: Buffer): boolean;
  /** Writes a piece as one chunk. */
  sendChunk(data: Buffer): boolean;
  /** Goes on reading. */
  resume(): void;
  /** The answer has been written; `keep`: the connection stays. */
  answered(keep: boolean): void;
  destroy(): void;
  /** Sends `head`, then passes on what comes, both ways. */
  join(head: string, peer: TunnelEnd): TunnelEnd;
}
