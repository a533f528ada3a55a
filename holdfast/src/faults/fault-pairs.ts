import { addressOf, blockCovers, coordinatesOf, PlatformError, type Zone } from "@holdfast/kernel";
import type { FaultPair } from "@holdfast/wire";
import type { AddFault, FaultReach } from "@holdfast/wire/control";

/** What is known of an instance when a fault is aimed. */
export interface FaultTarget {
  readonly id: string;
  readonly service: string;
  readonly serverGroup: string;
  readonly address: string;
}

export interface Aim {
  readonly pairs: readonly FaultPair[];
  /** One sentence, such as `local-1b apart from local-1a and local-1c`. */
  readonly what: string;
}

type Request = Pick<AddFault, "shape" | "from" | "to" | "oneWay">;

/**
 * The directed pairs of blocks that a fault is about.
 *
 * @throws PlatformError `FAULT_PLACE_UNKNOWN`, `FAULT_INVALID` for a shape that these zones do not have.
 */
export function aimOf(request: Request, zones: readonly Zone[], instances: readonly FaultTarget[]): Aim {
  const shape = request.shape ?? (request.to.length === 0 ? "one" : undefined);
  if (shape !== undefined && request.to.length > 0) throw invalid("shape and to: one of them", "leave out --to");
  const given = request.from.map((place) => blocksOf(place, zones, instances));
  switch (shape) {
    case undefined:
      return explicit(request, zones, instances);
    case "one":
    case "halves":
      return apart(request, given.flat(), zones, shape);
    case "ring":
      return ring(zones);
    case "bridge":
      return bridge(request, zones);
    default:
      return shape satisfies never;
  }
}

function explicit(request: Request, zones: readonly Zone[], instances: readonly FaultTarget[]): Aim {
  if (request.from.length === 0) throw invalid("from: must name a place", "holdfast fault add --help");
  const from = request.from.flatMap((place) => blocksOf(place, zones, instances));
  const to = request.to.flatMap((place) => blocksOf(place, zones, instances));
  const arrow = request.oneWay ? "to" : "and";
  return { pairs: between(from, to, request.oneWay), what: `${list(request.from)} ${arrow} ${list(request.to)}` };
}

/** Without places: the first half of the zones, or, of `one`, the last zone. */
function apart(request: Request, given: readonly string[], zones: readonly Zone[], shape: "one" | "halves"): Aim {
  const half = zones.slice(0, Math.ceil(zones.length / 2));
  const chosen = shape === "halves" ? half : zones.slice(-1);
  const blocks = request.from.length > 0 ? given : chosen.map(blockOfZone);
  const names = request.from.length > 0 ? request.from : chosen.map(({ name }) => name);
  const inside = zones.filter((zone) => blocks.some((block) => blockCovers(block, blockOfZone(zone))));
  // What is smaller than a zone is cut off from its own zone, too.
  const others = zones.filter((zone) => !inside.includes(zone)).map(blockOfZone);
  if (others.length === 0) throw invalid("from: is everything there is", "name fewer places");
  const direction = request.oneWay ? ": what it sends to" : " apart from";
  const rest = zones.filter((zone) => !inside.includes(zone)).map(({ name }) => name);
  return { pairs: between(blocks, others, request.oneWay), what: `${list(names)}${direction} ${list(rest)}` };
}

function ring(zones: readonly Zone[]): Aim {
  if (zones.length < 4)
    throw invalid(`shape ring: needs four zones, there are ${zones.length}`, "holdfast up --zones 4");
  const pairs: FaultPair[] = [];
  for (const [i, a] of zones.entries()) {
    for (const [j, b] of zones.entries()) {
      const distance = Math.min((i - j + zones.length) % zones.length, (j - i + zones.length) % zones.length);
      if (distance > 1) pairs.push([blockOfZone(a), blockOfZone(b)]);
    }
  }
  return { pairs, what: "each zone reaches its two neighbours only" };
}

function bridge(request: Request, zones: readonly Zone[]): Aim {
  const name = request.from[0] ?? zones[Math.floor(zones.length / 2)]?.name ?? "";
  const middle = zones.find((zone) => zone.name === name);
  if (middle === undefined || request.from.length > 1)
    throw invalid("shape bridge: from must be one zone", "holdfast status");
  const others = zones.filter((zone) => zone !== middle);
  if (others.length < 2) throw invalid("shape bridge: needs three zones", "holdfast up --zones 3");
  const half = Math.ceil(others.length / 2);
  const [a, b] = [others.slice(0, half), others.slice(half)];
  const pairs = between(a.map(blockOfZone), b.map(blockOfZone), false);
  return {
    pairs,
    what: `${list(a.map((zone) => zone.name))} reaches ${list(b.map((zone) => zone.name))} no more; ${name} reaches all`,
  };
}

/** Whether no zone reaches another one any more. */
export function cutsAll(pairs: readonly FaultPair[], zones: readonly Zone[]): boolean {
  if (zones.length < 2) return false;
  return zones.every((a) =>
    zones.every(
      (b) =>
        a === b || pairs.some(([from, to]) => blockCovers(from, blockOfZone(a)) && blockCovers(to, blockOfZone(b))),
    ),
  );
}

/** Between which zones a fault is felt. */
export function reachOf(pairs: readonly FaultPair[], zones: readonly Zone[]): FaultReach[] {
  const found: FaultReach[] = [];
  for (const from of zones) {
    for (const to of zones) {
      const [a, b] = [blockOfZone(from), blockOfZone(to)];
      const met = pairs.filter(([x, y]) => overlaps(x, a) && overlaps(y, b));
      if (met.length === 0) continue;
      const whole = met.some(([x, y]) => blockCovers(x, a) && blockCovers(y, b));
      found.push({ from: from.name, to: to.name, whole });
    }
  }
  return found;
}

function overlaps(a: string, b: string): boolean {
  return blockCovers(a, b) || blockCovers(b, a);
}

function blocksOf(place: string, zones: readonly Zone[], instances: readonly FaultTarget[]): string[] {
  if (/^127\.[\d.]+(\/\d+)?$/.test(place)) return [place];
  const ofRegion = zones.filter((zone) => zone.regionName === place);
  const ofZone = zones.filter((zone) => zone.name === place);
  const standing = ofZone.length > 0 ? ofZone : ofRegion;
  if (standing.length > 0) return standing.map(blockOfZone);
  const found = instances.filter(({ id, service, serverGroup }) => [id, service, serverGroup].includes(place));
  const addresses = found.map(({ address }) => address).filter((address) => coordinatesOf(address) !== undefined);
  if (addresses.length > 0) return [...new Set(addresses)];
  throw new PlatformError(
    "FAULT_PLACE_UNKNOWN",
    `${place}: is no region, zone, service, server group or instance here`,
    {
      status: 404,
      next: `zones: ${zones.map(({ name }) => name).join(", ")}; instances: holdfast ps`,
    },
  );
}

export function blockOfZone(zone: Zone): string {
  return addressOf(zone, 1).replace(/\.1$/, ".0/24");
}

/** All pairs of different blocks, and the way back unless it is left alone. */
function between(from: readonly string[], to: readonly string[], oneWay: boolean): FaultPair[] {
  const pairs = from.flatMap((a) => to.filter((b) => b !== a).map((b): FaultPair => [a, b]));
  const all = oneWay ? pairs : [...pairs, ...pairs.map(([a, b]): FaultPair => [b, a])];
  return [...new Map(all.map((pair) => [pair.join(" "), pair])).values()];
}

function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function invalid(message: string, next: string): PlatformError {
  return new PlatformError("FAULT_INVALID", message, { status: 400, next });
}
