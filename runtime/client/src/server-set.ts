import type { Random } from "@holdfast/kernel";
import type { PickHints } from "./cluster.ts";
import type { ClientOptions } from "./options.ts";
import { groupAt, groupsOf, matching, pointOfUser, type ServerGroup } from "./pick/metadata-match.ts";
import type { Picker, PickRequest } from "./pick/picker.ts";
import { pickerNamed } from "./pick/pickers.ts";
import { subset } from "./pick/subset.ts";
import { isTried, randomUntried } from "./pick/untried.ts";
import { type ZoneShare, zoneByShare, zoneShares } from "./pick/zone-shares.ts";
import type { ServerState } from "./server-state.ts";

/** Own zone is left when its server is so much costlier than one elsewhere, and has so many calls or is so slow. */
const overflowFactor = 4;
const overflowOutstanding = 8;
const overflowMs = 25;
/** A server that was out gets an idempotent call as its trial; if none comes, after so long any call. */
const trialOverdueMs = 5_000;
/** These see to zones themselves, or must give the same server to callers of all zones. */
const zoneless: ReadonlySet<string> = new Set(["zone-avoidance", "consistent-hash", "sticky"]);

/** Servers to choose from, and who chooses. Each such list has a picker of its own: what it works out belongs to the list. */
interface Candidates<S> {
  readonly servers: readonly S[];
  readonly picker: Picker;
}

/** Servers of one version (or of all), by zone. */
interface Lane<S> {
  readonly all: Candidates<S>;
  /** Of the own zone. */
  readonly near: Candidates<S> | undefined;
  readonly byZone: ReadonlyMap<string, Candidates<S>>;
  /** `undefined`: own zone first, others when it is much busier. */
  readonly shares: readonly ZoneShare[] | undefined;
}

/** Callers of our kind by zone; empty: not known. */
export type CallersByZone = () => ReadonlyMap<string, number>;

/**
 * Who may be picked, worked out anew only when something has changed: the list, an ejection, the end of one. Servers that
 * were put out come back through one trial call each.
 */
export class ServerSet<S extends ServerState = ServerState> {
  readonly #random: Random;
  readonly #callers: CallersByZone;
  readonly #request = { hashKey: undefined, stickyTo: undefined, tried: [], nowMs: 0 } as Mutable<PickRequest>;
  #options: ClientOptions;
  readonly #pickers = new Map<string, Picker>();
  #zonesCount = true;
  #listed: readonly S[] = [];
  #chosen: readonly S[] = [];
  #usable: readonly S[] = [];
  #returning: readonly S[] = [];
  #lanes: readonly (ServerGroup<S> & { readonly lane: Lane<S> })[] = [];
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #panic = false;

  constructor(random: Random, callers: CallersByZone, options: ClientOptions) {
    this.#random = random;
    this.#callers = callers;
    this.#options = options;
    this.#choosePicker();
  }

  get pickerName(): string {
    return this.#pickerFor("/").name;
  }

  /** So many servers are out for their answers that all of them are used again. */
  get panic(): boolean {
    return this.#panic;
  }

  /** Those that this caller keeps connections to: all, or its subset. */
  get chosen(): readonly S[] {
    return this.#chosen;
  }

  /** All servers that are listed and UP. */
  list(servers: readonly S[]): void {
    this.#listed = servers;
    this.#choose();
  }

  /** Takes other options over. @throws PickerUnknownError */
  configure(options: ClientOptions): void {
    const before = this.#options;
    this.#options = options;
    if (options.picker !== before.picker || options.activeMax !== before.activeMax) this.#choosePicker();
    this.#choose();
  }

  /** Something is not as it was when candidates were last worked out. */
  markStale(): void {
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
  }

  pick(tried: readonly S[], hints: PickHints, idempotent: boolean, nowMs: number): S | undefined {
    if (nowMs >= this.#validUntilMs) this.#workOut(nowMs);
    if (this.#returning.length > 0) {
      const onTrial = this.#trial(tried, idempotent, nowMs);
      if (onTrial !== undefined) return onTrial;
    }
    const request = this.#request;
    request.hashKey = hints.hashKey;
    request.stickyTo = hints.stickyTo;
    request.tried = tried;
    request.nowMs = nowMs;
    const lane = this.#laneFor(hints.hashKey);
    const server = lane === undefined ? undefined : this.#pickIn(lane, request);
    return server ?? this.#anyUntried(tried);
  }

  #pickIn({ all, near, byZone, shares }: Lane<S>, request: PickRequest): S | undefined {
    if (!this.#zonesCount || near?.servers.length === all.servers.length) return this.#ask(all, request);
    if (shares !== undefined) {
      const zone = zoneByShare(shares, this.#random);
      const there = zone === undefined ? undefined : byZone.get(zone);
      return (there === undefined ? undefined : this.#ask(there, request)) ?? this.#ask(all, request);
    }
    const local = near === undefined ? undefined : this.#ask(near, request);
    if (local === undefined) return this.#ask(all, request);
    const { nowMs } = request;
    // A cold server gets its calls little by little, even where it is alone in its zone.
    const warmth = local.warmth(nowMs);
    if (warmth < 1 && this.#random.next() >= warmth) return this.#ask(all, request);
    const isLoaded = local.outstanding >= overflowOutstanding || local.ewmaMs(nowMs) >= overflowMs;
    if (!isLoaded) return local;
    const any = this.#ask(all, request);
    return any !== undefined && any.cost(nowMs) * overflowFactor < local.cost(nowMs) ? any : local;
  }

  /** The picker's word, unless it makes no sense: pickers may be users' own. */
  #ask({ servers, picker }: Candidates<S>, request: PickRequest): S | undefined {
    const picked = picker.pick(servers, request) as S | undefined;
    if (picked !== undefined && !isTried(picked, request.tried)) return picked;
    return randomUntried(servers, request.tried, this.#random) as S | undefined;
  }

  #laneFor(hashKey: string | undefined): Lane<S> | undefined {
    const lanes = this.#lanes;
    if (lanes.length <= 1) return lanes[0]?.lane;
    const point = hashKey === undefined ? this.#random.next() : pointOfUser(hashKey);
    return (groupAt(lanes, point) as (typeof lanes)[number] | undefined)?.lane;
  }

  /** Of another version, then of those that are out, then of those not chosen: somebody must be asked. */
  #anyUntried(tried: readonly S[]): S | undefined {
    const random = this.#random;
    const chosen = randomUntried(this.#usable, tried, random) ?? randomUntried(this.#chosen, tried, random);
    if (chosen !== undefined || this.#options.zoneOnly) return chosen as S | undefined;
    return randomUntried(this.#listed, tried, random) as S | undefined;
  }

  #trial(tried: readonly S[], idempotent: boolean, nowMs: number): S | undefined {
    for (const server of this.#returning) {
      if (server.health.isOnTrial || isTried(server, tried)) continue;
      if (idempotent || nowMs - server.ejectedUntilMs >= trialOverdueMs) return server;
    }
    return undefined;
  }

  #choosePicker(): void {
    this.#pickers.clear();
    this.#zonesCount = !zoneless.has(this.pickerName);
  }

  #choose(): void {
    const { subsetSize, subsetAs, match, zone, zoneOnly } = this.#options;
    const near = zoneOnly ? this.#listed.filter((server) => server.zone === zone) : this.#listed;
    const there = near.length === 0 ? this.#listed : near;
    const fit = match === undefined ? there : matching(there, match, "any");
    this.#chosen = subsetSize > 0 ? subset(fit, subsetAs, subsetSize) : fit;
    this.markStale();
  }

  #workOut(nowMs: number): void {
    const { panicThreshold, canary, zone } = this.#options;
    const usable: S[] = [];
    const returning: S[] = [];
    const soft: S[] = [];
    let validUntilMs = Number.POSITIVE_INFINITY;
    for (const server of this.#chosen) {
      const standing = server.standing(nowMs);
      if (standing === "usable") usable.push(server);
      else if (standing === "returning") returning.push(server);
      else {
        if (server.health.isOutForAnswers) soft.push(server);
        validUntilMs = Math.min(validUntilMs, server.ejectedUntilMs);
      }
    }
    // Those that refuse or keep silent help nobody; those that only answer badly are better than too few.
    const sound = usable.length + returning.length;
    this.#panic = soft.length > 0 && sound < ((sound + soft.length) * panicThreshold) / 100;
    if (this.#panic) usable.push(...soft);
    this.#usable = usable;
    this.#returning = returning;
    this.#validUntilMs = validUntilMs;
    const groups =
      canary === undefined
        ? [{ value: undefined, servers: usable, share: 1 }]
        : groupsOf(usable, canary.key, canary.shares);
    this.#lanes = groups.map((group) => ({ ...group, lane: this.#laneOf(group, zone, nowMs) }));
  }

  #laneOf({ value = "", servers }: ServerGroup<S>, ownZone: string | undefined, nowMs: number): Lane<S> {
    const lists = new Map<string, S[]>();
    for (const server of servers) {
      const there = lists.get(server.zone);
      if (there === undefined) lists.set(server.zone, [server]);
      else there.push(server);
    }
    const all = { servers, picker: this.#pickerFor(`${value}/`) };
    if (ownZone === undefined || lists.size < 2 || !this.#zonesCount) {
      return { all, near: all, byZone: new Map(), shares: undefined };
    }
    const callers = this.#callers();
    const byZone = new Map(
      Array.from(lists, ([zone, there]) => [zone, { servers: there, picker: this.#pickerFor(`${value}/${zone}`) }]),
    );
    const zones = Array.from(lists, ([zone, there]) => ({
      zone,
      servers: there.length,
      capacity: there.reduce((sum, server) => sum + server.weight(nowMs), 0),
      callers: callers.size === 0 ? undefined : (callers.get(zone) ?? 0),
    }));
    const shares = zoneShares(zones, ownZone);
    const allStay = shares?.length === 1 && shares[0]?.zone === ownZone;
    return { all, near: byZone.get(ownZone), byZone, shares: allStay ? undefined : shares };
  }

  /** What pickers have worked out outlives a change of the list. */
  #pickerFor(list: string): Picker {
    const known = this.#pickers.get(list);
    if (known !== undefined) return known;
    const made = this.#newPicker();
    this.#pickers.set(list, made);
    return made;
  }

  #newPicker(): Picker {
    const { picker, activeMax } = this.#options;
    return typeof picker === "string" ? pickerNamed(picker, this.#random, activeMax) : picker;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
