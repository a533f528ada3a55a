import { OptionError } from "./errors.ts";

/** One failure domain inside a region. `region` 1–99 and `zone` 1–9 are its coordinates in `127.R.Z.I`. */
export interface Zone {
  /** Such as `local-1a`. */
  readonly name: string;
  readonly regionName: string;
  readonly region: number;
  readonly zone: number;
}

/** Host numbers of the platform's own instances in each zone; applications start at {@link firstApplicationHost}. */
export const reservedHosts = { registry: 1, gateway: 2 } as const;
export const firstApplicationHost = 10;

/**
 * Makes `regions` × `zones` zones named `local-1a`, `local-1b` … (or `<regionNames[i]>a` …).
 *
 * @throws {@link OptionError} outside 1–99 regions or 1–9 zones.
 */
export function makeZones(regions: number, zones: number, regionNames: readonly string[] = []): Zone[] {
  if (!Number.isInteger(regions) || regions < 1 || regions > 99) {
    throw new OptionError("regions", "a whole number from 1 to 99", regions);
  }
  if (!Number.isInteger(zones) || zones < 1 || zones > 9) {
    throw new OptionError("zones", "a whole number from 1 to 9", zones);
  }
  const made: Zone[] = [];
  for (let r = 1; r <= regions; r++) {
    const regionName = regionNames[r - 1] ?? `local-${r}`;
    for (let z = 1; z <= zones; z++) {
      made.push({ name: `${regionName}${"abcdefghi"[z - 1]}`, regionName, region: r, zone: z });
    }
  }
  return made;
}

/** `1.2` for region 1, zone 2: the short form people type. */
export function zoneKey(zone: Pick<Zone, "region" | "zone">): string {
  return `${zone.region}.${zone.zone}`;
}

/** The address of host `host` (1–253) of a zone: `127.R.Z.I`. */
export function addressOf(zone: Pick<Zone, "region" | "zone">, host: number): string {
  if (!Number.isInteger(host) || host < 1 || host > 253) {
    throw new OptionError("host", "a whole number from 1 to 253", host);
  }
  return `127.${zone.region}.${zone.zone}.${host}`;
}

/** The coordinates in an address of ours, or `undefined` for any other. */
export function coordinatesOf(address: string): { region: number; zone: number; host: number } | undefined {
  const match = /^127\.(\d{1,2})\.(\d)\.(\d{1,3})$/.exec(address);
  if (match === null) return undefined;
  const [region, zone, host] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return region < 1 || zone < 1 || host < 1 || host > 253 ? undefined : { region, zone, host };
}

/**
 * Whether every address of `inner` is in `outer`. Both are CIDR blocks of IPv4 (`127.1.2.0/24`) or single addresses, well-formed
 * as whoever takes them in has checked.
 */
export function blockCovers(outer: string, inner: string): boolean {
  const [base, bits] = blockOf(outer);
  const [other, otherBits] = blockOf(inner);
  const size = 2 ** (32 - bits);
  return bits <= otherBits && Math.floor(base / size) === Math.floor(other / size);
}

function blockOf(block: string): [base: number, bits: number] {
  const [address = "", bits = "32"] = block.split("/");
  return [address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0), Number(bits)];
}
