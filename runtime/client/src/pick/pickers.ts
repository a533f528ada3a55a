import { PlatformError, type Random } from "@holdfast/kernel";
import { AvailabilityFilteringPicker } from "./availability-filtering.ts";
import { ConsistentHashPicker } from "./consistent-hash.ts";
import { LeastActivePicker } from "./least-active.ts";
import type { Picker } from "./picker.ts";
import { PowerOfTwoPicker } from "./power-of-two.ts";
import { RandomPicker } from "./random.ts";
import { RoundRobinPicker } from "./round-robin.ts";
import { StickyPicker } from "./sticky.ts";
import { WeightedResponseTimePicker } from "./weighted-response-time.ts";
import { ZoneAvoidancePicker } from "./zone-avoidance.ts";

type Make = (random: Random, activeLimit: number) => Picker;

const makers: ReadonlyMap<string, Make> = new Map<string, Make>([
  ["power-of-two", (random) => new PowerOfTwoPicker(random)],
  ["random", (random) => new RandomPicker(random)],
  ["round-robin", (random) => new RoundRobinPicker(random)],
  ["weighted-response-time", (random) => new WeightedResponseTimePicker(random)],
  ["least-active", (random) => new LeastActivePicker(random)],
  ["availability-filtering", (random, activeLimit) => new AvailabilityFilteringPicker(random, activeLimit)],
  ["zone-avoidance", (random, activeLimit) => new ZoneAvoidancePicker(random, activeLimit)],
  ["consistent-hash", (random) => new ConsistentHashPicker(new PowerOfTwoPicker(random))],
  ["sticky", (random) => new StickyPicker(new PowerOfTwoPicker(random))],
]);

/** Ribbon's rules (`NFLoadBalancerRuleClassName`). `RetryRule` is round robin that asks again: so does every picker here. */
const ribbonRules: ReadonlyMap<string, string> = new Map([
  ["RandomRule", "random"],
  ["RoundRobinRule", "round-robin"],
  ["RetryRule", "round-robin"],
  ["WeightedResponseTimeRule", "weighted-response-time"],
  ["ResponseTimeWeightedRule", "weighted-response-time"],
  ["BestAvailableRule", "least-active"],
  ["AvailabilityFilteringRule", "availability-filtering"],
  ["ZoneAvoidanceRule", "zone-avoidance"],
]);

const ribbonPackage = "com.netflix.loadbalancer.";

/** No picker has this name. */
export class PickerUnknownError extends PlatformError<"PICKER_UNKNOWN"> {
  constructor(name: string) {
    const known = [...makers.keys()].join(", ");
    const rules = [...ribbonRules.keys()].join(", ");
    super("PICKER_UNKNOWN", `${JSON.stringify(name)}: no picker has this name (known: ${known})`, {
      status: 400,
      details: { name, known: [...makers.keys()] },
      next: `Take one of these, or one of Ribbon's rules: ${rules}, with or without "${ribbonPackage}".`,
    });
  }
}

/**
 * A new picker, by its own name or by that of Ribbon's rule with or without its package. `activeLimit` is Ribbon's
 * `ActiveConnectionsLimit`, for `availability-filtering` and `zone-avoidance`; -1, the default, is none.
 *
 * @throws PickerUnknownError
 */
export function pickerNamed(name: string, random: Random, activeLimit = -1): Picker {
  const rule = name.startsWith(ribbonPackage) ? name.slice(ribbonPackage.length) : name;
  const make = makers.get(ribbonRules.get(rule) ?? name);
  if (make === undefined) throw new PickerUnknownError(name);
  return make(random, activeLimit);
}
