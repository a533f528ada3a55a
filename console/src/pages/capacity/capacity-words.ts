import type { CapacityAmounts, HostView } from "@holdfast/wire/control";
import { nothing } from "../../lib/format.ts";
import type { Tone } from "../../lib/tone.ts";

/** One resource of a host: how much of it is taken. */
export interface Meter {
  readonly name: string;
  readonly words: string;
  /** 0 to 1. */
  readonly share: number;
}

/** Those that are limited. */
export function metersOf(used: CapacityAmounts, capacity: CapacityAmounts): readonly Meter[] {
  const rows: readonly (readonly [string, number | null, number | null, (amount: number) => string])[] = [
    ["Processor", used.cpu, capacity.cpu, cores],
    ["Memory", used.memoryBytes, capacity.memoryBytes, bytes],
    ["Disk", used.diskBytes, capacity.diskBytes, bytes],
    ["Network", used.networkMbps, capacity.networkMbps, (amount) => `${amount} Mbit/s`],
  ];
  return rows.flatMap(([name, taken, all, words]) =>
    all === null
      ? []
      : [
          {
            name,
            words: `${words(taken ?? 0)} of ${words(all)}`,
            share: all > 0 ? Math.min(1, (taken ?? 0) / all) : 0,
          },
        ],
  );
}

function cores(amount: number): string {
  return `${Number(amount.toFixed(2))} cores`;
}

/** `512 MiB`, `1.5 GiB`. */
export function bytes(amount: number): string {
  if (!Number.isFinite(amount)) return nothing;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
  let [value, unit] = [amount, 0];
  while (value >= 1_024 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${value < 10 && unit > 0 ? Number(value.toFixed(1)) : Math.round(value)} ${units[unit] ?? ""}`;
}

export function toneOfHost({ state }: HostView): Tone {
  return state === "active" ? "good" : "warn";
}

/** What can be asked of a host now. */
export function actsOf({ state }: HostView): readonly HostAct[] {
  if (state === "active") return [acts.cordon, acts.drain];
  return state === "cordoned" ? [acts.drain, acts.activate] : [acts.activate];
}

export interface HostAct {
  readonly verb: string;
  readonly command: "cordon" | "drain" | "activate";
  readonly state: HostView["state"];
  readonly says: string;
}

const acts = {
  cordon: {
    verb: "Cordon",
    command: "cordon",
    state: "cordoned",
    says: "It takes no more instances; what runs there runs on.",
  },
  drain: {
    verb: "Drain",
    command: "drain",
    state: "drained",
    says: "It takes no more instances, and what runs there is replaced elsewhere, the new ones first.",
  },
  activate: { verb: "Activate", command: "activate", state: "active", says: "It takes instances again." },
} as const satisfies Record<string, HostAct>;
