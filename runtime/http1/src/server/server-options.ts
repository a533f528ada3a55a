import { OptionError } from "@holdfast/kernel";
import { limitsOf, type MessageLimits } from "../limits.ts";

export interface ServerOptions {
  /** What one message may be. */
  readonly limits: MessageLimits;
  /** From a connection's first byte of a request, or its opening, until the head is whole. Default 10 s. */
  readonly headMs: number;
  /** Between two pieces of a request's body. Default 30 s. */
  readonly bodyMs: number;
  /** Between two requests of a connection. Default 60 s. */
  readonly idleMs: number;
  /** A client takes nothing of what was written. Default 60 s. */
  readonly writeMs: number;
  /** After an answer that ends its connection, for the client to read it. Default 2 s. */
  readonly lingerMs: number;
  /** Open at one time; one more is closed as it comes. Default 20,000. */
  readonly connections: number;
  /**
   * A body announced to be at most so long is waited for before its request is handed out, as `Exchange.body`. Default
   * 16 KiB.
   */
  readonly gatherBytes: number;
  /** Bytes of requests read ahead while one is being answered; then no more are read. Default 64 KiB. */
  readonly aheadBytes: number;
  /**
   * True: a client that has closed its half is still answered. Default false: it is taken for gone, and the work for it is
   * cancelled; TCP does not tell the two apart.
   */
  readonly halfOpen: boolean;
}

export const serverDefaults: Omit<ServerOptions, "limits"> = {
  headMs: 10_000,
  bodyMs: 30_000,
  idleMs: 60_000,
  writeMs: 60_000,
  lingerMs: 2_000,
  connections: 20_000,
  gatherBytes: 16 * 1024,
  aheadBytes: 64 * 1024,
  halfOpen: false,
};

export interface GivenServerOptions extends Partial<Omit<ServerOptions, "limits">> {
  readonly limits?: Partial<MessageLimits>;
}

/** @throws OptionError for a number that is not above 0. */
export function serverOptions({ limits = {}, ...given }: GivenServerOptions): ServerOptions {
  for (const [name, option] of Object.entries(given))
    if (typeof option === "number" && !(option > 0)) throw new OptionError(name, "a number above 0", option);
  return { ...serverDefaults, ...given, limits: limitsOf(limits) };
}
