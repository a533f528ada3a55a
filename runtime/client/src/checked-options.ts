import { numberBetween, SeededRandom, wholeBetween } from "@holdfast/kernel";
import type { ClientOptions } from "./options.ts";
import { outlierOptions } from "./outlier/outlier-options.ts";
import { pickerNamed } from "./pick/pickers.ts";

const dayMs = 86_400_000;
const gigabyte = 1_073_741_824;

/** Smallest and largest value of each number; whole ones but for the shares. */
const ranges = {
  timeoutMs: [1, dayMs],
  concurrentMax: [0, 1_000_000],
  connectTimeoutMs: [1, dayMs],
  tryTimeoutMs: [0, dayMs],
  triesMax: [1, 100],
  hedgeMinMs: [1, dayMs],
  hedgeMaxMs: [1, dayMs],
  budgetPerSecond: [0, 1_000_000],
  ejectionMs: [0, dayMs],
  ejectionMaxMs: [0, dayMs],
  slowStartMs: [0, dayMs],
  holdBackBytes: [0, gigabyte],
  holdBackMs: [0, dayMs],
  replayBytes: [0, gigabyte],
  connectionsMax: [1, 65_535],
  keepAliveMs: [1, dayMs],
  connectionAgeMaxMs: [0, dayMs],
  bodyIdleMs: [0, dayMs],
  activeMax: [-1, 1_000_000],
  subsetSize: [0, 1_000_000],
} as const satisfies Partial<Record<keyof ClientOptions, readonly [number, number]>>;

/**
 * The same options, looked at.
 *
 * @throws OptionError by the path of a value that makes no sense, and PickerUnknownError.
 */
export function checkedOptions(options: Partial<ClientOptions>): Partial<ClientOptions> {
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value !== undefined) wholeBetween(name, value, min, max);
  }
  if (options.budgetShare !== undefined) numberBetween("budgetShare", options.budgetShare, 0, 1);
  if (options.panicThreshold !== undefined) numberBetween("panicThreshold", options.panicThreshold, 0, 100);
  if (options.outlier !== undefined) outlierOptions(options.outlier);
  if (typeof options.picker === "string") pickerNamed(options.picker, new SeededRandom(1));
  return options;
}
