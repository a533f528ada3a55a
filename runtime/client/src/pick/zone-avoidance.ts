import type { Random } from "@holdfast/kernel";
import { AvailabilityFilteringPicker } from "./availability-filtering.ts";
import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { avoidZones, type ZoneLimits, type ZoneLoad, zoneByCount, zoneLimitDefaults } from "./zone-loads.ts";

/**
 * Servers looked at for one pick, on average: loads are added up anew after servers / 64 picks. Not by time: whatever goes
 * to the less loaded zone for 100 ms overloads it, and the next 100 ms the other one.
 */
const serversPerPick = 64;

/** The servers of one zone, with a picker of their own: its place in the circle survives a change of the list. */
class ZoneServers implements ZoneLoad {
  readonly zone: string;
  readonly picker: AvailabilityFilteringPicker;
  readonly servers: PickServer[] = [];
  count = 0;
  ejected = 0;
  outstanding = 0;
  avoided = false;

  constructor(zone: string, picker: AvailabilityFilteringPicker) {
    this.zone = zone;
    this.picker = picker;
  }

  addUp(): void {
    this.count = this.servers.length;
    this.outstanding = 0;
    for (const server of this.servers) this.outstanding += server.outstanding;
  }
}

/**
 * Ribbon's `ZoneAvoidanceRule` (Spring Cloud's default): the zone with the highest load per server is avoided while that
 * load is 0.2 or more; of the others one is chosen in proportion to its servers, and in it availability filtering. When
 * no zone is avoided, or all servers of the chosen one were tried, availability filtering among all.
 *
 * Ejected servers are not in the list, so that a zone whose servers are all ejected is avoided already; Ribbon's rule that
 * such a zone makes one more zone be avoided does not apply here: it halves what is left when a zone has just died.
 */
export class ZoneAvoidancePicker implements Picker {
  readonly name = "zone-avoidance";
  readonly #random: Random;
  readonly #limits: ZoneLimits;
  readonly #activeLimit: number;
  readonly #all: AvailabilityFilteringPicker;
  #servers: readonly PickServer[] | undefined;
  #zones: readonly ZoneServers[] = [];
  #avoided = 0;
  #picksLeft = 0;

  /** `activeLimit` as {@link AvailabilityFilteringPicker}. */
  constructor(random: Random, activeLimit = -1, limits: ZoneLimits = zoneLimitDefaults) {
    this.#random = random;
    this.#limits = limits;
    this.#activeLimit = activeLimit;
    this.#all = new AvailabilityFilteringPicker(random, activeLimit);
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    if (servers !== this.#servers) this.#group(servers);
    if (this.#zones.length > 1) this.#look(servers.length);
    if (this.#avoided > 0) {
      const zone = zoneByCount(this.#zones, this.#random);
      const server = zone?.picker.pick(zone.servers, request);
      if (server !== undefined) return server;
    }
    return this.#all.pick(servers, request);
  }

  #look(count: number): void {
    this.#picksLeft -= 1;
    if (this.#picksLeft > 0) return;
    this.#picksLeft = Math.ceil(count / serversPerPick);
    for (const zone of this.#zones) zone.addUp();
    this.#avoided = avoidZones(this.#zones, this.#random, this.#limits);
  }

  #group(servers: readonly PickServer[]): void {
    this.#servers = servers;
    this.#picksLeft = 0;
    this.#avoided = 0;
    const known = new Map(this.#zones.map((zone) => [zone.zone, zone.picker]));
    const zones = new Map<string, ZoneServers>();
    for (const server of servers) {
      let zone = zones.get(server.zone);
      if (zone === undefined) {
        const picker = known.get(server.zone) ?? new AvailabilityFilteringPicker(this.#random, this.#activeLimit);
        zone = new ZoneServers(server.zone, picker);
        zones.set(server.zone, zone);
      }
      zone.servers.push(server);
    }
    this.#zones = [...zones.values()];
  }
}
