import { parseDurationMs } from "@holdfast/kernel";
import { z } from "zod";
import { networkFaultKinds } from "../fault.ts";

/** Shapes of control's fault API. */

const duration = z
  .union([z.string(), z.number()])
  .refine((value) => parseDurationMs(value) !== undefined, "must be a duration such as `500ms`, `2s`, `1m`");
const place = z
  .string()
  .min(1)
  .max(128)
  .describe("A region, zone, service, server group, instance id, address 127.R.Z.I or block 127.R.Z.0/24.");

/** Jepsen's and SimianArmy's words for the shapes of a partition. */
export const faultShapes = ["one", "halves", "ring", "bridge"] as const;
export type FaultShape = (typeof faultShapes)[number];

export const addFaultRequestSchema = z
  .strictObject({
    kind: z.enum(networkFaultKinds),
    shape: z
      .enum(faultShapes)
      .optional()
      .describe(
        "Which zones are apart. one: those of `from` from all others (default without `to`). halves: those of `from` from the rest. ring: each zone reaches its two neighbours only. bridge: two halves that only the zone of `from` reaches.",
      ),
    from: z.array(place).max(100).default([]),
    to: z.array(place).max(100).default([]).describe("Default: everything that is not in `from`."),
    oneWay: z.boolean().default(false).describe("Only what goes from `from` to `to`; what goes back is left alone."),
    lossPercent: z.number().gt(0).max(100).optional(),
    delay: duration.optional().describe("Added to each packet, in each direction that is concerned."),
    bitsPerSecond: z.number().min(8_000).max(1e11).optional(),
    for: duration.describe("It ends by itself after so long; at most 12 h."),
    hold: duration
      .optional()
      .describe("It ends, too, when nobody has renewed it for so long: at most a minute. Without it control holds it."),
    reason: z.string().max(500).default(""),
    force: z.boolean().default(false).describe("Also when no zone would reach another one."),
  })
  .meta({ id: "AddFaultRequest" });
export type AddFaultRequest = z.input<typeof addFaultRequestSchema>;
export type AddFault = z.output<typeof addFaultRequestSchema>;

export const faultReachSchema = z
  .object({
    from: z.string().describe("A zone."),
    to: z.string().describe("A zone; the same one where it is about places within it."),
    whole: z.boolean().describe("All that goes from one to the other; false: only what some of their instances say."),
  })
  .meta({ id: "FaultReach" });
export type FaultReach = z.output<typeof faultReachSchema>;

export const faultViewSchema = z
  .object({
    id: z.string(),
    kind: z.enum(networkFaultKinds),
    what: z.string().describe("One sentence."),
    lossPercent: z.number().nullable(),
    delayMs: z.number().nullable(),
    bitsPerSecond: z.number().nullable(),
    since: z.string(),
    until: z.string(),
    heldUntil: z.string().nullable().describe("When it ends unless its holder renews it; null where control holds it."),
    actor: z.string(),
    reason: z.string(),
    pairs: z.number().describe("Directed pairs of places."),
    reach: z.array(faultReachSchema).describe("Between which zones it is felt, in which direction."),
    packets: z.number().describe("Packets it has met: of a partition, those it dropped."),
    problem: z.string().describe("Why it may not be in force; empty when it is."),
  })
  .meta({ id: "FaultView" });
export type FaultView = z.output<typeof faultViewSchema>;

export const faultSupportSchema = z
  .object({ fault: z.string(), support: z.enum(["real", "simulated", "unavailable"]), why: z.string() })
  .meta({ id: "FaultSupport" });

export const faultsViewSchema = z
  .object({
    mode: z.enum(["netns", "loopback", "ports"]),
    faults: z.array(faultViewSchema),
    support: z.array(faultSupportSchema),
  })
  .meta({ id: "FaultsView" });
export type FaultsView = z.output<typeof faultsViewSchema>;
