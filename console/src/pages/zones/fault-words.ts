import type { AddFaultRequest, FaultView } from "@holdfast/wire/control";
import { quoted } from "../../lib/quoted.ts";

/** What a person fills in to disturb the network. */
export interface FaultDraft {
  readonly kind: FaultView["kind"];
  /** A shape of zones, or `places` where `from` and `to` are named. */
  readonly shape: "one" | "halves" | "ring" | "bridge" | "places";
  readonly from: string;
  readonly to: string;
  readonly oneWay: boolean;
  /** Percent, ms or Mbit/s, as the kind has it. */
  readonly amount: number;
  readonly forSeconds: number;
  readonly reason: string;
}

/** Kinds with a figure: its name, unit, bounds and a beginning. */
export const amounts = {
  loss: { label: "Packets lost", unit: "%", min: 1, max: 100, first: 10 },
  delay: { label: "Later by", unit: "ms", min: 1, max: 60_000, first: 100 },
  bandwidth: { label: "At most", unit: "Mbit/s", min: 1, max: 10_000, first: 8 },
} as const;

export function amountOf(kind: FaultView["kind"]): (typeof amounts)[keyof typeof amounts] | undefined {
  return kind === "loss" || kind === "delay" || kind === "bandwidth" ? amounts[kind] : undefined;
}

/** Names of places, however they are separated. */
export function placesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((place) => place !== "");
}

/** Why a draft cannot be sent yet; `undefined` when it can. */
export function lackOf({ kind, shape, from, to, amount, forSeconds }: FaultDraft): string | undefined {
  const bounds = amountOf(kind);
  if (shape === "places" && (placesIn(from).length === 0 || placesIn(to).length === 0)) return "Name both sides.";
  if (bounds !== undefined && !(amount >= bounds.min && amount <= bounds.max))
    return `${bounds.label}: from ${bounds.min} to ${bounds.max} ${bounds.unit}.`;
  if (!(forSeconds >= 1 && forSeconds <= 43_200)) return "For: from 1 s to 12 h.";
  return undefined;
}

export function requestOf(draft: FaultDraft): AddFaultRequest {
  const { kind, shape, amount, reason } = draft;
  const isPlaces = shape === "places";
  return {
    kind,
    ...(isPlaces ? {} : { shape }),
    from: placesIn(draft.from),
    ...(isPlaces ? { to: placesIn(draft.to) } : {}),
    ...(draft.oneWay && takesOneWay(shape) ? { oneWay: true } : {}),
    ...(kind === "loss" ? { lossPercent: amount } : {}),
    ...(kind === "delay" ? { delay: `${amount}ms` } : {}),
    ...(kind === "bandwidth" ? { bitsPerSecond: amount * 1_000_000 } : {}),
    for: `${draft.forSeconds}s`,
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
}

/** A ring and a bridge have no direction. */
export function takesOneWay(shape: FaultDraft["shape"]): boolean {
  return shape !== "ring" && shape !== "bridge";
}

/** The same as a command. */
export function addCommand(draft: FaultDraft): string {
  const { kind, shape, amount, reason } = draft;
  const words = ["npx holdfast fault add", kind];
  if (shape !== "places" && shape !== "one") words.push(`--shape ${shape}`);
  for (const place of placesIn(draft.from)) words.push(`--from ${place}`);
  if (shape === "places") for (const place of placesIn(draft.to)) words.push(`--to ${place}`);
  if (draft.oneWay && takesOneWay(shape)) words.push("--one-way");
  if (kind === "loss") words.push(`--loss ${amount}`);
  if (kind === "delay") words.push(`--delay ${amount}ms`);
  if (kind === "bandwidth") words.push(`--rate ${amount}mbit`);
  words.push(`--for ${draft.forSeconds}s`);
  if (reason.trim() !== "") words.push(`--reason ${quoted(reason.trim())}`);
  return words.join(" ");
}

/** What becomes of what goes from one zone to another: the worst first; empty when all of it arrives. */
export function wayBetween(faults: readonly FaultView[], from: string, to: string): readonly Disturbance[] {
  const found: Disturbance[] = [];
  for (const fault of faults) {
    const reach = fault.reach.find((one) => one.from === from && one.to === to);
    if (reach !== undefined) found.push({ id: fault.id, word: wordOf(fault), whole: reach.whole });
  }
  return found.toSorted((a, b) => Number(b.whole) - Number(a.whole));
}

export interface Disturbance {
  readonly id: string;
  readonly word: string;
  /** False: only some of the instances feel it. */
  readonly whole: boolean;
}

function wordOf({ kind, lossPercent, delayMs, bitsPerSecond }: FaultView): string {
  switch (kind) {
    case "partition":
      return "cut";
    case "refuse":
      return "refused";
    case "loss":
      return `${lossPercent ?? 0} % lost`;
    case "delay":
      return `+${delayMs ?? 0} ms`;
    case "bandwidth":
      return `≤ ${(bitsPerSecond ?? 0) / 1e6} Mbit/s`;
    default:
      return kind satisfies never;
  }
}
