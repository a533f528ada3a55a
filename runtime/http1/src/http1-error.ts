import { PlatformError, type PlatformErrorOptions } from "@holdfast/kernel";

/** Codes of what a peer sent and we refuse, with the status a client is answered. */
const refusals = {
  HTTP_REQUEST_LINE_INVALID: 400,
  HTTP_STATUS_LINE_INVALID: 502,
  HTTP_FIELD_INVALID: 400,
  HTTP_FRAMING_AMBIGUOUS: 400,
  HTTP_CHUNK_INVALID: 400,
  HTTP_HOST_INVALID: 400,
  HTTP_TARGET_INVALID: 400,
  HTTP_HEAD_TIMEOUT: 408,
  HTTP_BODY_TIMEOUT: 408,
  HTTP_BODY_TOO_LARGE: 413,
  HTTP_TARGET_TOO_LONG: 414,
  HTTP_EXPECTATION_FAILED: 417,
  HTTP_HEAD_TOO_LARGE: 431,
  HTTP_METHOD_UNSUPPORTED: 501,
  HTTP_CODING_UNSUPPORTED: 501,
  HTTP_VERSION_UNSUPPORTED: 505,
} as const;

export type RefusalCode = keyof typeof refusals;

/** A message that breaks the grammar or a limit. Nothing of it was acted upon, and its connection ends. */
export class MessageRefused extends PlatformError<RefusalCode> {
  constructor(code: RefusalCode, message: string, options: PlatformErrorOptions = {}) {
    super(code, message, { status: refusals[code], ...options });
    this.name = "MessageRefused";
  }
}
