import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, PlatformError } from "@holdfast/kernel";
import { rawHeader } from "../raw-header.ts";

/** A page's upload fits; a film goes by a way that says how much it takes. */
export const bodyBytesDefault: number = 10 * 1024 * 1024;
/** So long the rest is read and thrown away: a connection that is closed over unread bytes loses the answer. */
const lingerMs = 2_000;

export type Refuse = (res: ServerResponse, error: PlatformError) => void;

/** Refuses bodies that are too long: by what they say of themselves before they are read, else as they come. */
export class BodyLimit {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #refuse: Refuse;

  /** `refuse` answers 413, if there is still something to answer. */
  constructor(clock: Clock, bytesMax: number, refuse: Refuse) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#refuse = refuse;
  }

  /** True when the request may be run. */
  admits(req: IncomingMessage, res: ServerResponse): boolean {
    if (this.#bytesMax === Number.POSITIVE_INFINITY) return true;
    const { rawHeaders } = req;
    // One pass, by length first: most requests have no body.
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? "";
      if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
        this.#count(req, res);
        return true;
      }
      // Node lets no more of it through than it says.
      if (name.length !== 14 || name.toLowerCase() !== "content-length") continue;
      if (Number(rawHeaders[i + 1]) <= this.#bytesMax) return true;
      this.#refuse(res, this.#error());
      this.#linger(req);
      return false;
    }
    return true;
  }

  /** True when it says of itself that it is too long. */
  isTooLong(req: IncomingMessage): boolean {
    return Number(rawHeader(req, "content-length") ?? 0) > this.#bytesMax;
  }

  #count(req: IncomingMessage, res: ServerResponse): void {
    let bytes = 0;
    const error = this.#error();
    const push = req.push.bind(req);
    req.push = (chunk: Buffer | null): boolean => {
      if (bytes > this.#bytesMax) {
        // It has been answered; who still reads learns why there is no more of it when all has come.
        if (chunk === null) fail(req, error);
        return true;
      }
      bytes += chunk?.length ?? 0;
      if (bytes <= this.#bytesMax) return push(chunk);
      this.#refuse(res, error);
      this.#linger(req);
      return true;
    };
  }

  /** Throws the rest away for a while; a caller that goes on after that is cut off. */
  #linger(req: IncomingMessage): void {
    req.resume();
    const timer = this.#clock.every(lingerMs, () => {
      timer.cancel();
      if (!req.complete) req.socket.destroy();
    });
    req.socket.once("close", () => timer.cancel());
  }

  #error(): PlatformError {
    const detail = `the body: is longer than ${this.#bytesMax} bytes`;
    return new PlatformError("BODY_TOO_LARGE", detail, {
      status: 413,
      next: "send less, or raise serve({ bodyBytesMax })",
    });
  }
}

/** Ends the body for its reader, never as if it were whole. */
function fail(req: IncomingMessage, error: PlatformError): void {
  // Nobody listening would make it an error of the process.
  if (req.listenerCount("error") > 0) req.emit("error", error);
}
