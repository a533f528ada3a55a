import { OptionError } from "@holdfast/kernel";
import { limitsOf, type MessageLimits } from "../limits.ts";

export interface OriginOptions {
  /** What one answer may be. Its head: 64 KiB by default, as origins set many cookies. */
  readonly limits: MessageLimits;
  /** To open a connection. Default 1 s. */
  readonly connectMs: number;
  /** From the request's being sent to the answer's head. Default 30 s. */
  readonly headMs: number;
  /** Between two pieces of an answer. Default 60 s. */
  readonly bodyMs: number;
  /** A connection without work is kept so long. Default 4 s: Node's servers close theirs after 5 s. */
  readonly idleMs: number;
  /** For a free connection, where all are busy. Default 1 s. */
  readonly waitMs: number;
  /** To one origin. Default 256. */
  readonly connections: number;
  /** Calls that wait for one of them. Default 1,024. */
  readonly waiting: number;
}

export const originDefaults: Omit<OriginOptions, "limits"> = {
  connectMs: 1_000,
  headMs: 30_000,
  bodyMs: 60_000,
  idleMs: 4_000,
  waitMs: 1_000,
  connections: 256,
  waiting: 1_024,
};

export interface GivenOriginOptions extends Partial<Omit<OriginOptions, "limits">> {
  readonly limits?: Partial<MessageLimits>;
}

/** @throws OptionError for a number that is not above 0. */
export function originOptions({ limits = {}, ...given }: GivenOriginOptions): OriginOptions {
  for (const [name, option] of Object.entries(given))
    if (!(option > 0)) throw new OptionError(name, "a number above 0", option);
  return { ...originDefaults, ...given, limits: limitsOf({ headBytes: 64 * 1024, ...limits }) };
}
