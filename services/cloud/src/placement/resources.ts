/**
 * What a task asks for and a host has. Whole numbers, so that sums are exact: a thousand tasks of a tenth of a core are
 * a hundred cores, neither more nor less.
 */
export interface Resources {
  /** Thousandths of a core. */
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly networkMbps: number;
  /** How many ports, not which. */
  readonly ports: number;
}

export const resourceKinds = ["milliCpu", "memoryBytes", "diskBytes", "networkMbps", "ports"] as const;
export type ResourceKind = (typeof resourceKinds)[number];

/** Nothing of anything, and what is named of the rest. */
export function resources(some: Partial<Resources> = {}): Resources {
  return { milliCpu: 0, memoryBytes: 0, diskBytes: 0, networkMbps: 0, ports: 0, ...some };
}

/** The same with sums that are kept up to date in place. */
export type Tally = { -readonly [kind in ResourceKind]: number };

export function addTo(tally: Tally, amounts: Resources, times: 1 | -1 = 1): void {
  tally.milliCpu += times * amounts.milliCpu;
  tally.memoryBytes += times * amounts.memoryBytes;
  tally.diskBytes += times * amounts.diskBytes;
  tally.networkMbps += times * amounts.networkMbps;
  tally.ports += times * amounts.ports;
}

export function sumOf(all: Iterable<Resources>): Resources {
  const tally: Tally = resources();
  for (const each of all) addTo(tally, each);
  return tally;
}

/** The largest part that `amounts` takes of anything in `whole`; infinite when it takes what `whole` has none of. */
export function dominantShare(amounts: Resources, whole: Resources): number {
  let share = 0;
  for (const kind of resourceKinds) {
    if (amounts[kind] > 0) share = Math.max(share, amounts[kind] / whole[kind]);
  }
  return share;
}

const units: Readonly<Record<ResourceKind, (amount: number) => string>> = {
  milliCpu: (amount) => `${trimmed(amount / 1_000)} ${amount === 1_000 ? "CPU" : "CPUs"}`,
  memoryBytes: (amount) => `${bytesText(amount)} of memory`,
  diskBytes: (amount) => `${bytesText(amount)} of disk`,
  networkMbps: (amount) => `${trimmed(amount)} Mbit/s of network`,
  ports: (amount) => `${amount} ${amount === 1 ? "port" : "ports"}`,
};

/** `2 CPUs`, `512 MiB of memory`. */
export function amountText(kind: ResourceKind, amount: number): string {
  return units[kind](amount);
}

function bytesText(bytes: number): string {
  if (bytes >= 1_073_741_824) return `${trimmed(bytes / 1_073_741_824)} GiB`;
  return `${trimmed(bytes / 1_048_576)} MiB`;
}

function trimmed(amount: number): string {
  return String(Number(amount.toFixed(3)));
}
