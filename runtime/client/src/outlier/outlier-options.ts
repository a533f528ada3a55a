import { numberBetween, wholeBetween, withDefaults } from "@holdfast/kernel";

/**
 * When a server is put out for a while, by the names of Envoy's `envoy.config.cluster.v3.OutlierDetection` (API 2026-01).
 * Times in ms, shares in per cent.
 */
export interface OutlierOptions {
  /** Answers 5xx in a row. Envoy: 5. */
  readonly consecutive5xx: number;
  /** Answers 502, 503 or 504 in a row. Envoy: 5, and not enforced. */
  readonly consecutiveGatewayFailure: number;
  /** Connections refused, reset, or cut in a row. Envoy: 5; here 1: nobody is asked twice to find out that nobody is there. */
  readonly consecutiveLocalOriginFailure: number;
  /** Calls in a row that this server had not answered when another one had, or when time was over. Ours. */
  readonly consecutiveSilent: number;
  /** How often servers are compared with one another. */
  readonly interval: number;
  /** First ejection for answers; each repetition adds as much. Envoy: 30 s; here 5 s, since the way back is one trial call. */
  readonly baseEjectionTime: number;
  readonly maxEjectionTime: number;
  /** Up to so much is added by chance, so that a server does not come back to all its callers in the same moment. */
  readonly maxEjectionTimeJitter: number;
  /** At most so many of the servers are out for their answers, at least one. Envoy: 10; here 50: pools are small. */
  readonly maxEjectionPercent: number;
  /** A rule is applied with this probability; 0: never. */
  readonly enforcingConsecutive5xx: number;
  readonly enforcingConsecutiveGatewayFailure: number;
  readonly enforcingSuccessRate: number;
  readonly enforcingFailurePercentage: number;
  /** Servers with enough calls in the interval, before success rates are compared. */
  readonly successRateMinimumHosts: number;
  /** Calls of a server in the interval, before its success rate counts. */
  readonly successRateRequestVolume: number;
  /** Out is whose success rate is below mean − factor / 1000 × standard deviation. */
  readonly successRateStdevFactor: number;
  /** Out is of whose calls in the interval so many failed. */
  readonly failurePercentageThreshold: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
}

export const outlierDefaults: OutlierOptions = {
  consecutive5xx: 5,
  consecutiveGatewayFailure: 5,
  consecutiveLocalOriginFailure: 1,
  consecutiveSilent: 2,
  interval: 10_000,
  baseEjectionTime: 5_000,
  maxEjectionTime: 300_000,
  maxEjectionTimeJitter: 1_000,
  maxEjectionPercent: 50,
  enforcingConsecutive5xx: 100,
  enforcingConsecutiveGatewayFailure: 100,
  enforcingSuccessRate: 100,
  enforcingFailurePercentage: 0,
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1_900,
  failurePercentageThreshold: 85,
  failurePercentageMinimumHosts: 5,
  failurePercentageRequestVolume: 50,
};

const percentages: readonly (keyof OutlierOptions)[] = [
  "maxEjectionPercent",
  "enforcingConsecutive5xx",
  "enforcingConsecutiveGatewayFailure",
  "enforcingSuccessRate",
  "enforcingFailurePercentage",
  "failurePercentageThreshold",
];
const times: readonly (keyof OutlierOptions)[] = ["baseEjectionTime", "maxEjectionTime", "maxEjectionTimeJitter"];
const dayMs = 86_400_000;

/**
 * Defaults, with what is given instead.
 *
 * @throws OptionError naming the path of a value that makes no sense.
 */
export function outlierOptions(given: Partial<OutlierOptions> = {}): OutlierOptions {
  const options = withDefaults(outlierDefaults, given);
  for (const name of Object.keys(outlierDefaults) as (keyof OutlierOptions)[]) {
    const path = `outlier.${name}`;
    if (percentages.includes(name)) numberBetween(path, options[name], 0, 100);
    else if (times.includes(name)) numberBetween(path, options[name], 0, dayMs);
    else if (name === "interval") numberBetween(path, options[name], 1, dayMs);
    else wholeBetween(path, options[name], 1, 1_000_000_000);
  }
  return options;
}
