import { type Constraint, readConstraints } from "../../src/placement/constraint.ts";
import type { Host } from "../../src/placement/host.ts";
import type { PlacementOutcome, PlacementTask, Placer } from "../../src/placement/placer.ts";
import { type Resources, resources } from "../../src/placement/resources.ts";

export const mebibyte = 1_048_576;

/** Cores, MiB and, where it matters, Mbit/s, as Fenzo's tests state them. */
export function sized(cpus: number, memoryMiB: number, networkMbps = 0): Resources {
  return resources({ milliCpu: cpus * 1_000, memoryBytes: memoryMiB * mebibyte, networkMbps });
}

export function hostsNamed(names: readonly string[], capacity: Resources, zone = "zone-a"): Host[] {
  return names.map((name) => ({ name, zone, capacity, attributes: {} }));
}

/** `host0` … as Fenzo's `LeaseProvider.getLeases` numbers them. */
export function hostsFrom(first: number, count: number, capacity: Resources, zone = "zone-a"): Host[] {
  return hostsNamed(
    Array.from({ length: count }, (_, index) => `host${first + index}`),
    capacity,
    zone,
  );
}

export function task(
  id: string,
  request: Resources,
  constraints: { readonly hard?: Record<string, string>; readonly soft?: Record<string, string>; job?: string } = {},
): PlacementTask {
  const read = (stated: Record<string, string> | undefined): Constraint[] => readConstraints(stated ?? {});
  return { id, job: constraints.job ?? id, request, hard: read(constraints.hard), soft: read(constraints.soft) };
}

export function tasks(
  count: number,
  request: Resources,
  constraints: Parameters<typeof task>[2] = {},
  prefix = "task",
): PlacementTask[] {
  return Array.from({ length: count }, (_, index) => task(`${prefix}${index}`, request, constraints));
}

/** Each in turn. */
export function placeAll(placer: Placer, all: readonly PlacementTask[], zone?: string): PlacementOutcome[] {
  return all.map((each) => placer.place(each, zone));
}

/** Host → tasks put there. */
export function perHost(outcomes: readonly PlacementOutcome[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.kind === "placed") counts.set(outcome.host, (counts.get(outcome.host) ?? 0) + 1);
  }
  return counts;
}

/** The host that an outcome names; an error with its reason when it is a refusal. */
export function hostIn(outcome: PlacementOutcome): string {
  if (outcome.kind === "refused") throw new Error(`${outcome.task} was refused: ${outcome.summary}`);
  return outcome.host;
}

export function summaryIn(outcome: PlacementOutcome): string {
  if (outcome.kind === "placed") throw new Error(`${outcome.task} was placed on ${outcome.host}`);
  return outcome.summary;
}
