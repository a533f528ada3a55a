import { parseBytes, parseDurationMs } from "@holdfast/kernel";
import { z } from "zod";
import { capacityTiers, constraintNames, flagConstraints } from "../placement-words.ts";

/** Hosts, capacity groups and what services ask of them, in the application file. */

const hostName = z
  .string()
  .regex(/^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/, "must be lower-case words joined by dashes, such as `rack1-large`")
  .max(63);
const size = (least: number, example: string) =>
  z
    .union([z.string(), z.number()])
    .refine((value) => (parseBytes(value) ?? -1) >= least, `must be a size such as ${example}`);
const cores = z.number().positive("must be more than 0 cores").max(1_024);
/** So many hosts in all; more would be a datacentre, not a laptop. */
const hostsMax = 1_000;
const duration = z
  .union([z.string(), z.number()])
  .refine((value) => parseDurationMs(value) !== undefined, "must be a duration such as `30s`, `1m`");

function ordered(value: { readonly min: number; readonly max: number }): boolean {
  return value.max >= value.min;
}

const host = z
  .strictObject({
    name: hostName.describe("With a count of more than one, hosts are `name-1`, `name-2` …"),
    zone: z
      .string()
      .min(1)
      .optional()
      .describe("Where it stands. Default: so many in every zone, each with the zone in its name."),
    cpu: cores.describe("Cores that instances can be given."),
    memory: size(1, "`8GiB`").describe("Memory that instances can be given."),
    disk: size(0, "`100GiB`").optional().describe("Default: no limit."),
    network: z.number().nonnegative().optional().describe("Mbit/s. Default: no limit."),
    attributes: z
      .record(z.string().min(1), z.string().min(1))
      .default({})
      .describe("machinetype, machinegroup, cpumodel, kubebackend: what constraints ask for; and labels of yours."),
    taints: z
      .array(z.string().min(1))
      .max(20)
      .default([])
      .describe("Only services that tolerate all of them come here."),
    count: z
      .union([
        z.int().min(1).max(hostsMax),
        z
          .strictObject({ min: z.int().min(0).max(hostsMax), max: z.int().min(1).max(hostsMax) })
          .refine(ordered, { path: ["max"], message: "must be at least min" }),
      ])
      .default(1)
      .describe("How many alike; with min and max as many as are needed."),
    idle: z
      .strictObject({ min: z.int().min(0).max(hostsMax).default(0), max: z.int().min(0).max(hostsMax).default(1) })
      .refine(ordered, { path: ["max"], message: "must be at least min" })
      .default({ min: 0, max: 1 })
      .describe("Of a count with min and max: fewer idle ones than min are added to, of more than max some go."),
    cooldown: duration.default("60s").describe("Between two such changes."),
  })
  .describe("Hosts alike: what they have, where they stand.");

const capacityGroup = z
  .strictObject({
    name: hostName,
    tier: z.enum(capacityTiers).default("flex").describe("Nobody of flex gets what critical is guaranteed."),
    cpu: z.number().nonnegative().default(0).describe("Cores that its services are guaranteed together."),
    memory: size(0, "`4GiB`").default(0).describe("Memory that its services are guaranteed together."),
  })
  .describe("Services that are guaranteed so much together (Titus's capacity groups).");

const constraintSet = z
  .record(z.string(), z.string())
  .superRefine((stated, context) => {
    for (const [written, value] of Object.entries(stated)) {
      const name = constraintNames.find((known) => known === written.toLowerCase());
      const fault = (message: string): void => context.addIssue({ code: "custom", path: [written], message });
      if (name === undefined) fault(`is no constraint; known: ${constraintNames.join(", ")}`);
      else if (flagConstraints.includes(name)) {
        if (!["true", "false"].includes(value.toLowerCase())) fault(`must be "true" or "false", got ${value}`);
      } else if (value.split(",").some((part) => part.trim() === "")) fault("needs a value");
    }
  })
  .default({});

export const constraintsSchema = z
  .strictObject({
    hard: constraintSet.describe("Met, or the instance waits."),
    soft: constraintSet.describe("Met as far as can be."),
  })
  .describe(`On which hosts instances may stand, by Titus's names: ${constraintNames.join(", ")}.`);

export const packingSchema = z
  .enum(["binpack", "spread"])
  .describe("The fullest host that has room, or the emptiest. Default: binpack.");

/** What an instance asks of its host where its service says nothing: a tenth of a core, 128 MiB. */
export const demandDefaults = { cpu: 0.1, memory: "128MiB", disk: 0, network: 0 } as const;

export const hostsSchema = z
  .array(host)
  .min(1)
  .max(100)
  .describe("Where instances are placed. Without it every zone has room for all.");
export const capacityGroupsSchema = z.array(capacityGroup).max(50);

export type HostDefinition = z.output<typeof host>;
export type CapacityGroupDefinition = z.output<typeof capacityGroup>;

/** The part of an application that placement looks at. */
interface Placed {
  readonly hosts?: readonly HostDefinition[] | undefined;
  readonly capacityGroups?: readonly CapacityGroupDefinition[] | undefined;
  readonly services: Readonly<Record<string, PlacedService>>;
}

interface PlacedService {
  readonly resources?:
    | {
        readonly cpu?: number | undefined;
        readonly memory?: string | number | undefined;
        readonly disk?: string | number | undefined;
        readonly network?: number | undefined;
      }
    | undefined;
  readonly capacityGroup?: string | undefined;
}

export interface PlacementFault {
  readonly path: (string | number)[];
  readonly message: string;
}

/** What is wrong between hosts, capacity groups and services; each alone is right already. */
export function placementFaults({ hosts, capacityGroups = [], services }: Placed): PlacementFault[] {
  const faults: PlacementFault[] = [];
  const names = new Map<string, number>();
  for (const [index, each] of (hosts ?? []).entries()) {
    const twice = hostNames(each).find((name) => names.has(name));
    if (twice !== undefined) faults.push({ path: ["hosts", index, "name"], message: `is there already: ${twice}` });
    for (const name of hostNames(each)) names.set(name, index);
  }
  for (const [index, { name }] of capacityGroups.entries()) {
    if (capacityGroups.findIndex((other) => other.name === name) < index) {
      faults.push({ path: ["capacityGroups", index, "name"], message: `is there already: ${name}` });
    }
  }
  for (const [service, { capacityGroup: group }] of Object.entries(services)) {
    if (group === undefined || capacityGroups.some(({ name }) => name === group)) continue;
    const known = capacityGroups.map(({ name }) => name).join(", ");
    const message = `names no capacity group; known: ${known === "" ? "none" : known}`;
    faults.push({ path: ["services", service, "capacityGroup"], message });
  }
  if (hosts !== undefined) faults.push(...tooLarge(hosts, services));
  return faults;
}

function hostNames({ name, count }: HostDefinition): string[] {
  const most = typeof count === "number" ? count : count.max;
  return most === 1 ? [name] : Array.from({ length: most }, (_, index) => `${name}-${index + 1}`);
}

/** A service that no host could take even if it were empty would wait for ever. */
function tooLarge(hosts: readonly HostDefinition[], services: Placed["services"]): PlacementFault[] {
  const faults: PlacementFault[] = [];
  for (const [service, { resources }] of Object.entries(services)) {
    const asks = { ...demandDefaults, ...defined(resources ?? {}) };
    const fits = hosts.some(
      (each) =>
        asks.cpu <= each.cpu &&
        bytes(asks.memory) <= bytes(each.memory) &&
        (each.disk === undefined || bytes(asks.disk) <= bytes(each.disk)) &&
        (each.network === undefined || asks.network <= each.network),
    );
    if (fits) continue;
    const message = `asks for more than any host has (${asks.cpu} cores, ${asks.memory} of memory)`;
    faults.push({ path: ["services", service, "resources"], message });
  }
  return faults;
}

function defined<T extends object>(value: T): { [key in keyof T]: Exclude<T[key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [key in keyof T]: Exclude<T[key], undefined>;
  };
}

function bytes(value: string | number): number {
  return parseBytes(value) ?? 0;
}
