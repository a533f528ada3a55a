import { pipeline } from "node:stream/promises";
import { getHeapSnapshot, getHeapStatistics } from "node:v8";
import { type Clock, OptionError, PlatformError } from "@holdfast/kernel";
import type { Exchange } from "./exchange.ts";

/** A snapshot of more would stop the service for many seconds, and need as much memory again. */
const heapBytesMax = 512 * 1024 * 1024;
const secondsDefault = 10;
const secondsMax = 60;
/** A caller that reads nothing for so long is let go. */
const stalledMs = 30_000;

/** Heap snapshots and CPU profiles of this process, one at a time: both cost what a service cannot spend twice. */
export class Diagnostics {
  readonly #clock: Clock;
  readonly #name: string;
  #running: string | undefined;

  /** `name` begins the names of the files. */
  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#name = name;
  }

  /**
   * Sends the heap as V8 writes it (for Chrome's developer tools); the process stands still while it is made. With
   * `?large=true` a heap of over 512 MiB, too. It holds what memory holds: secrets as well.
   *
   * @throws PlatformError `DIAGNOSTICS_BUSY` (409), `HEAP_TOO_LARGE` (409).
   */
  heapSnapshot(exchange: Exchange): Promise<void> {
    return this.#alone("a heap snapshot", async () => {
      const used = getHeapStatistics().used_heap_size;
      if (used > heapBytesMax && exchange.query.get("large") !== "true") {
        throw new PlatformError(
          "HEAP_TOO_LARGE",
          `the heap: has ${used} bytes, a snapshot would stop the service for long`,
          {
            status: 409,
            next: "ask with ?large=true if that is what you want",
          },
        );
      }
      this.#headers(exchange, "heapsnapshot");
      await pipeline(getHeapSnapshot(), exchange.res);
    });
  }

  /**
   * Sends where the CPU's time went in the `?seconds=` (1 to 60, default 10) from now on, for Chrome's developer tools.
   *
   * @throws OptionError, PlatformError `DIAGNOSTICS_BUSY` (409).
   */
  async cpuProfile(exchange: Exchange): Promise<void> {
    const seconds = Number(exchange.query.get("seconds") ?? secondsDefault);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > secondsMax)
      throw new OptionError("seconds", `a whole number from 1 to ${secondsMax}`, exchange.query.get("seconds"));
    await this.#alone("a CPU profile", async () => {
      const profile = await this.#profile(seconds * 1_000, exchange);
      if (exchange.res.destroyed) return;
      this.#headers(exchange, "cpuprofile");
      exchange.res.end(JSON.stringify(profile));
    });
  }

  async #profile(ms: number, { res }: Exchange): Promise<unknown> {
    // Few processes ever need it.
    const { Session } = await import("node:inspector/promises");
    const session = new Session();
    session.connect();
    const gone = new AbortController();
    const onGone = (): void => gone.abort();
    res.once("close", onGone);
    try {
      await session.post("Profiler.enable");
      await session.post("Profiler.start");
      await this.#clock.sleep(ms, gone.signal).catch(() => {});
      const { profile } = await session.post("Profiler.stop");
      return profile;
    } finally {
      res.off("close", onGone);
      session.disconnect();
    }
  }

  async #alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#running !== undefined) {
      throw new PlatformError("DIAGNOSTICS_BUSY", `${this.#running}: is being made; one at a time`, { status: 409 });
    }
    this.#running = what;
    try {
      await work();
    } finally {
      this.#running = undefined;
    }
  }

  #headers({ res }: Exchange, type: string): void {
    const at = new Date(this.#clock.wallMs()).toISOString().replaceAll(/[:.]/g, "-");
    res.setTimeout(stalledMs, () => res.destroy());
    res.writeHead(200, {
      "content-type": "application/json",
      "content-disposition": `attachment; filename="${this.#name}-${at}.${type}"`,
      "cache-control": "no-store",
    });
  }
}
