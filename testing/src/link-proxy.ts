import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "@holdfast/kernel";

/**
 * What a link does to the bytes on it.
 * - `pass`: nothing.
 * - `delay`: holds every chunk back by `ms`, each way.
 * - `cut`: a black hole. Connections are accepted and stay open, and not a byte passes either way.
 * - `drop`: every connection is reset, and new ones are reset at once.
 */
export type LinkFault =
  | { readonly kind: "pass" }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "cut" }
  | { readonly kind: "drop" };

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/**
 * A TCP link between two processes that can be made bad and good again while connections are open.
 * Listens on port 0 of `address`; programs are pointed at {@link LinkProxy.port} instead of the target.
 */
export class LinkProxy {
  readonly #clock: Clock;
  readonly #target: { readonly address: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #fault: LinkFault = { kind: "pass" };
  #port = 0;

  private constructor(clock: Clock, target: { address: string; port: number }) {
    this.#clock = clock;
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true }, (near) => this.#accept(near));
  }

  /** Starts a link to `target`. `source` is the local address the link itself connects from. */
  static async start(
    clock: Clock,
    target: { address: string; port: number },
    address = "127.0.0.1",
  ): Promise<LinkProxy> {
    const link = new LinkProxy(clock, target);
    await new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject);
      link.#server.listen(0, address, resolve);
    });
    const bound = link.#server.address();
    link.#port = typeof bound === "object" && bound !== null ? bound.port : 0;
    return link;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Changes what happens from now on, to open connections too. */
  set(fault: LinkFault): void {
    this.#fault = fault;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) destroy(pair);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(near: Socket): void {
    if (this.#fault.kind === "drop") {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: this.#target.address, port: this.#target.port });
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    this.#carry(near, far, pair);
    this.#carry(far, near, pair);
    this.#apply(pair);
  }

  #apply(pair: Pair): void {
    if (this.#fault.kind === "drop") {
      pair.near.resetAndDestroy();
      pair.far.resetAndDestroy();
    } else if (this.#fault.kind === "cut") {
      pair.near.pause();
      pair.far.pause();
    } else {
      pair.near.resume();
      pair.far.resume();
    }
  }

  #carry(from: Socket, to: Socket, pair: Pair): void {
    from.on("data", (chunk) => {
      if (this.#fault.kind !== "delay") return void to.write(chunk);
      this.#clock.after(this.#fault.ms, () => void (to.destroyed || to.write(chunk)));
    });
    from.on("end", () => {
      if (this.#fault.kind === "delay") this.#clock.after(this.#fault.ms, () => void to.end());
      else to.end();
    });
    from.on("error", () => destroy(pair));
    from.on("close", () => {
      this.#pairs.delete(pair);
      destroy(pair);
    });
  }
}

function destroy(pair: Pair): void {
  pair.near.destroy();
  pair.far.destroy();
}
