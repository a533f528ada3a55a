import type { Config } from "@holdfast/config";
import type { Log, Random } from "@holdfast/kernel";

export const accessKey = "access.log";

export interface Access {
  readonly method: string;
  /** As it came; its query is not written: it carries tokens and names of people. */
  readonly url: string;
  readonly status: number;
  readonly ms: number;
  readonly from: string | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

const pathCharactersMax = 500;

/**
 * A line for each request, or for a share of them, as the property `access.log` says while the service runs: `off` (the default),
 * `all`, a share such as `0.01`, or `errors` (answers from 500 on, which a share writes all as well).
 */
export class AccessLog {
  readonly #log: Log;
  readonly #random: Random;
  #share = 0;
  #hasErrors = false;

  constructor(log: Log, random: Random, config: Config | undefined) {
    this.#log = log;
    this.#random = random;
    const property = config?.property(accessKey, "off", { check: (said) => readShare(said) !== undefined || expected });
    if (property === undefined) return;
    this.#take(property.get());
    property.subscribe((said) => this.#take(said));
  }

  /** Whether a request with that status gets a line. */
  wants(status: number): boolean {
    if (this.#share === 0 && !this.#hasErrors) return false;
    if (this.#hasErrors && status >= 500) return true;
    return this.#share === 1 || (this.#share > 0 && this.#random.next() < this.#share);
  }

  write({ method, url, status, ms, from, requestId, traceparent }: Access): void {
    const end = url.search(/[?#]/);
    const path = (end < 0 ? url : url.slice(0, end)).slice(0, pathCharactersMax);
    const trace =
      traceparent === undefined ? {} : { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) };
    this.#log.info("http.access", {
      method,
      path,
      status,
      ms: Math.round(ms * 1_000) / 1_000,
      from,
      requestId,
      ...trace,
    });
  }

  #take(said: string): void {
    const share = readShare(said) ?? 0;
    this.#share = share;
    this.#hasErrors = said === "errors" || (share > 0 && share < 1);
  }
}

const expected = "must be off, errors, all, or a share from 0 to 1";

function readShare(said: string): number | undefined {
  if (said === "off" || said === "errors") return 0;
  if (said === "all") return 1;
  const share = said.trim() === "" ? Number.NaN : Number(said);
  return share >= 0 && share <= 1 ? share : undefined;
}
