import type { Socket } from "node:net";

/** One of two connections that were joined: what one reads, the other writes. */
export interface TunnelEnd {
  /** False: full; the writer pauses until this one, drained, resumes it. */
  pass(data: Buffer): boolean;
  /** The other side will send no more. */
  passEnd(): void;
  resume(): void;
  destroy(): void;
}

/** What both kinds of connection do with their socket once they are joined with `peer`. */
export function passOn(peer: TunnelEnd, from: Socket, data: Buffer): void {
  if (!peer.pass(data)) from.pause();
}
