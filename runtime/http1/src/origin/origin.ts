import { PlatformError } from "@holdfast/kernel";
import type { Home } from "./home.ts";
import type { OriginCall } from "./origin-call.ts";
import { OriginConnection } from "./origin-connection.ts";
import type { OriginOptions } from "./origin-options.ts";

/** A call that waits for a connection, and until when. */
interface Waiting {
  readonly call: OriginCall;
  readonly untilMs: number;
}

/** What all origins of a pool share. */
export interface PoolTime {
  readonly options: OriginOptions;
  readonly nowMs: number;
  /** There is something to look after. */
  busy(): void;
}

/** One server that answers, at one address, with the connections to it. The one used last is used first. */
export class Origin implements Home {
  readonly host: string;
  readonly port: number;
  readonly #pool: PoolTime;
  readonly #all = new Set<OriginConnection>();
  readonly #idle: OriginConnection[] = [];
  #waiting: Waiting[] = [];
  #closed = false;

  constructor(host: string, port: number, pool: PoolTime) {
    this.host = host;
    this.port = port;
    this.#pool = pool;
  }

  get options(): OriginOptions {
    return this.#pool.options;
  }

  get nowMs(): number {
    return this.#pool.nowMs;
  }

  /** Connections: all that are open, and those of them without work. */
  get connections(): { readonly open: number; readonly idle: number } {
    return { open: this.#all.size, idle: this.#idle.length };
  }

  /** Sends a call on a connection that is free, a new one, or the next to become free. */
  send(call: OriginCall): void {
    if (this.#closed) return call.failed(this.#refusal("ORIGIN_CLOSED", "was taken out"));
    for (let one = this.#idle.pop(); one !== undefined; one = this.#idle.pop()) if (one.usable) return one.send(call);
    if (this.#all.size < this.options.connections) return this.#open().send(call);
    if (this.#waiting.length >= this.options.waiting)
      return call.failed(this.#refusal("ORIGIN_BUSY", `has ${this.#waiting.length} requests waiting`));
    this.#waiting.push({ call, untilMs: this.nowMs + this.options.waitMs });
  }

  /** A call that waits is no longer wanted. */
  forget(call: OriginCall): void {
    this.#waiting = this.#waiting.filter((one) => one.call !== call);
  }

  /** Ends idle connections now and the others with their calls; what is sent from now on fails. */
  close(): void {
    this.#closed = true;
    for (const one of this.#idle.splice(0)) one.destroy();
    for (const { call } of this.#waiting.splice(0)) call.failed(this.#refusal("ORIGIN_CLOSED", "was taken out"));
  }

  /** True when something is left to look after. */
  beat(nowMs: number): boolean {
    for (const connection of this.#all) connection.beat(nowMs);
    while ((this.#waiting[0]?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs)
      this.#waiting.shift()?.call.failed(this.#refusal("ORIGIN_BUSY", "had no connection free in time"));
    return this.#all.size > 0 || this.#waiting.length > 0;
  }

  free(connection: OriginConnection): void {
    const next = this.#waiting.shift();
    if (next !== undefined) connection.send(next.call);
    else if (this.#closed) connection.destroy();
    else this.#idle.push(connection);
  }

  closed(connection: OriginConnection): void {
    this.#all.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    const next = this.#closed ? undefined : this.#waiting.shift();
    if (next !== undefined) this.#open().send(next.call);
  }

  again(call: OriginCall): void {
    // Others that were kept may have been closed with it: only a new one is sure.
    if (this.#closed || this.#all.size >= this.options.connections) this.send(call);
    else this.#open().send(call);
  }

  #open(): OriginConnection {
    this.#pool.busy();
    const connection = new OriginConnection(this);
    this.#all.add(connection);
    return connection;
  }

  #refusal(code: string, what: string): PlatformError {
    return new PlatformError(code, `origin ${this.host}:${this.port}: ${what}`, {
      status: 503,
      details: { host: this.host, port: this.port, sent: false },
      next: "Send the request to another of its kind, or allow more connections.",
    });
  }
}
