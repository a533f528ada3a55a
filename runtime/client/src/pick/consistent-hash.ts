import { HashRing } from "./hash-ring.ts";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { placeOf, spread32 } from "./spread.ts";

/** How far a pick goes along the ring, past busy and tried servers, before the other picker has it. */
const steps = 64;
/** Servers looked at for one pick, on average: calls under way are added up anew after servers / 64 picks. */
const serversPerPick = 64;
const whole = 2 ** 32;

export interface ConsistentHashOptions {
  /** A server with more than so many times the mean of calls under way is passed by. */
  readonly loadFactor: number;
  /** … but never one with fewer calls under way than this: among idle servers two calls are no load. */
  readonly busyFrom: number;
}

/** 1.25 after "Consistent Hashing with Bounded Loads" (Mirrokni, Thorup, Zadimoghaddam 2016) as used by HAProxy. */
export const consistentHashDefaults: ConsistentHashOptions = { loadFactor: 1.25, busyFrom: 4 };

/**
 * Calls with the same `hashKey` go to the same server, from every caller, while that one is in the list and not busier
 * than 1.25 times the mean; then to the next on the ring, and when
 * dozens of these are busy too (one key is most of the load) to one that `other` picks. A server of weight 0.3 has 0.3 of its keys, and as its weight
 * grows keys only come. A call without a key is picked for by `other`, too.
 */
export class ConsistentHashPicker implements Picker {
  readonly name = "consistent-hash";
  readonly #other: Picker;
  readonly #options: ConsistentHashOptions;
  #servers: readonly PickServer[] | undefined;
  #ring = new HashRing([]);
  #busyFrom = 0;
  #picksLeft = 0;

  constructor(other: Picker, options: ConsistentHashOptions = consistentHashDefaults) {
    this.#other = other;
    this.#options = options;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { hashKey, tried, nowMs } = request;
    if (hashKey === undefined || servers.length === 0) return this.#other.pick(servers, request);
    if (servers !== this.#servers) this.#build(servers);
    this.#look(servers);
    const place = placeOf(hashKey);
    const { points } = this.#ring;
    let point = this.#ring.after(place);
    for (let i = 0; i < steps; i++) {
      const server = this.#ring.owner(point);
      if (server !== undefined && (tried.length === 0 || !tried.includes(server))) {
        if (server.outstanding < this.#busyFrom && isItsKey(server, point, place, nowMs)) return server;
      }
      point = point + 1 >= points ? 0 : point + 1;
    }
    return this.#other.pick(servers, request);
  }

  #build(servers: readonly PickServer[]): void {
    this.#servers = servers;
    this.#ring = new HashRing(servers, this.#ring);
    this.#picksLeft = 0;
  }

  #look(servers: readonly PickServer[]): void {
    this.#picksLeft -= 1;
    if (this.#picksLeft > 0) return;
    this.#picksLeft = Math.ceil(servers.length / serversPerPick);
    // The call that is picked for counts too.
    let underWay = 1;
    for (const server of servers) underWay += server.outstanding;
    const bound = Math.ceil((this.#options.loadFactor * underWay) / servers.length);
    this.#busyFrom = Math.max(this.#options.busyFrom, bound);
  }
}

/** Of a light server's keys, those whose own chance is below its weight: the same ones each time. */
function isItsKey(server: PickServer, point: number, place: number, nowMs: number): boolean {
  const weight = server.weight(nowMs);
  return weight >= 1 || spread32(place ^ Math.imul(point + 1, 0x27d4eb2f)) < weight * whole;
}
