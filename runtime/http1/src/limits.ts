import { OptionError } from "@holdfast/kernel";

/** What one message may be. Sizes in bytes. */
export interface MessageLimits {
  /** Request or status line and all fields with their line ends. Default 16 KiB, as Node's. */
  readonly headBytes: number;
  /** Fields of a head or of trailers. Default 100. */
  readonly fields: number;
  /** A request's target. Default 8,000, which RFC 9110 §4.1 asks all to allow. */
  readonly targetBytes: number;
  /** A body, measured as it passes. Default without limit. */
  readonly bodyBytes: number;
  /** All chunk extensions of one message; they mean nothing to us and are dropped. Default 4 KiB. */
  readonly chunkExtensionBytes: number;
}

export const messageLimits: MessageLimits = {
  headBytes: 16 * 1024,
  fields: 100,
  targetBytes: 8_000,
  bodyBytes: Number.POSITIVE_INFINITY,
  chunkExtensionBytes: 4 * 1024,
};

/**
 * The limits with the defaults filled in.
 *
 * @throws OptionError for one that is not a number above 0.
 */
export function limitsOf(given: Partial<MessageLimits>): MessageLimits {
  for (const [name, limit] of Object.entries(given))
    if (!(limit > 0)) throw new OptionError(`limits.${name}`, "a number above 0", limit);
  return { ...messageLimits, ...given };
}
