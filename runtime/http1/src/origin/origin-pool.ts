import type { Clock, Timer } from "@holdfast/kernel";
import { Origin, type PoolTime } from "./origin.ts";
import { type GivenOriginOptions, type OriginOptions, originOptions } from "./origin-options.ts";

/** Deadlines are looked at so often; they are that much late at most. */
const beatMs = 100;

/** Kept connections to all the origins of a process. */
export class OriginPool implements PoolTime {
  readonly options: OriginOptions;
  readonly #clock: Clock;
  readonly #origins = new Map<string, Origin>();
  #beat: Timer | undefined;
  nowMs: number;

  /** @throws OptionError */
  constructor(clock: Clock, options: GivenOriginOptions = {}) {
    this.options = originOptions(options);
    this.#clock = clock;
    this.nowMs = clock.monotonicMs();
  }

  /** The origin at an address, always the same until it is removed. */
  origin(host: string, port: number): Origin {
    const key = `${host}:${port}`;
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const made = new Origin(host, port, this);
    this.#origins.set(key, made);
    return made;
  }

  /** Forgets an origin: idle connections to it end now, the others with their calls. */
  remove(origin: Origin): void {
    const key = `${origin.host}:${origin.port}`;
    if (this.#origins.get(key) === origin) this.#origins.delete(key);
    origin.close();
  }

  /** Removes all. */
  close(): void {
    for (const origin of this.#origins.values()) this.remove(origin);
    this.#beat?.cancel();
    this.#beat = undefined;
  }

  busy(): void {
    if (this.#beat !== undefined) return;
    this.nowMs = this.#clock.monotonicMs();
    this.#beat = this.#clock.every(beatMs, () => this.#look());
  }

  #look(): void {
    this.nowMs = this.#clock.monotonicMs();
    let busy = false;
    for (const origin of this.#origins.values()) if (origin.beat(this.nowMs)) busy = true;
    if (busy) return;
    this.#beat?.cancel();
    this.#beat = undefined;
  }
}
