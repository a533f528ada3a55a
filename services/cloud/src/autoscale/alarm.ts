import type { AlarmDefinition, AlarmState, ComparisonOperator } from "@holdfast/wire/autoscale";
import { latest, type Series } from "./metric-source.ts";

/**
 * CloudWatch looks a little further back than it must, so that one late data point does not change a state. It does not say
 * how far; the tables of its manual (alarms with missing data) have two periods more, and so have we.
 */
const lookBackMore = 2;

export interface AlarmVerdict {
  readonly state: AlarmState;
  /** One sentence: which figures made the state. */
  readonly reason: string;
  /** Of the latest `evaluationPeriods` periods, those without a figure. */
  readonly missing: number;
  /** The real figures that were evaluated, oldest first. */
  readonly values: readonly number[];
}

/** How many periods {@link evaluateAlarm} wants to see. */
export function periodsSeen(alarm: Pick<AlarmDefinition, "evaluationPeriods">): number {
  return alarm.evaluationPeriods + lookBackMore;
}

/**
 * The state of an alarm, as CloudWatch has it: ALARM when `datapointsToAlarm` of the latest `evaluationPeriods` data points
 * are past the threshold. Periods without a figure are first passed over for older ones (at most two); those still lacking
 * count as `treatMissingData` says:
 * `breaching` and `notBreaching` as such; with `missing`, what is there decides, and nothing at all is INSUFFICIENT_DATA;
 * with `ignore`, the alarm stays as it was unless a data point is within the threshold or enough are past it.
 *
 * Pure: `before` is the state so far. With more points than {@link periodsSeen} the latest count.
 */
export function evaluateAlarm(alarm: AlarmDefinition, series: Series, before: AlarmState): AlarmVerdict {
  const periods = alarm.evaluationPeriods;
  const seen = latest(series, periodsSeen(alarm));
  const missing = seen.slice(-periods).filter((point) => point === undefined).length;
  const values = seen
    .filter((point) => point !== undefined)
    .map((point) => point.value)
    .slice(-periods);
  const past = values.filter((value) => isPast(alarm.comparisonOperator, value, alarm.threshold)).length;
  const lacking = periods - values.length;
  const needed = alarm.datapointsToAlarm ?? periods;
  const state = judge({ needed, past, within: values.length - past, lacking }, alarm.treatMissingData, before);
  return { state, reason: sentence(alarm, values, past, needed, lacking), missing, values };
}

/** True when `value` is on the alarm's side of the threshold. */
export function isPast(operator: ComparisonOperator, value: number, threshold: number): boolean {
  switch (operator) {
    case "GreaterThanOrEqualToThreshold":
      return value >= threshold;
    case "GreaterThanThreshold":
      return value > threshold;
    case "LessThanThreshold":
      return value < threshold;
    case "LessThanOrEqualToThreshold":
      return value <= threshold;
  }
}

interface Counts {
  readonly needed: number;
  readonly past: number;
  readonly within: number;
  readonly lacking: number;
}

function judge(counts: Counts, treat: AlarmDefinition["treatMissingData"], before: AlarmState): AlarmState {
  const { needed, past, within, lacking } = counts;
  if (past >= needed) return "ALARM";
  if (lacking === 0) return "OK";
  switch (treat) {
    case "breaching":
      return past + lacking >= needed ? "ALARM" : "OK";
    case "notBreaching":
      return "OK";
    case "ignore":
      return within > 0 ? "OK" : before;
    case "missing":
      if (within > 0) return "OK";
      return past > 0 ? "ALARM" : "INSUFFICIENT_DATA";
  }
}

const operatorWords: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: "at or above",
  GreaterThanThreshold: "above",
  LessThanThreshold: "below",
  LessThanOrEqualToThreshold: "at or below",
};

function sentence(
  alarm: AlarmDefinition,
  values: readonly number[],
  past: number,
  needed: number,
  lacking: number,
): string {
  const periods = `${alarm.evaluationPeriods} period${alarm.evaluationPeriods === 1 ? "" : "s"} of ${seconds(alarm.period)}`;
  if (values.length === 0) return `${alarm.metric} was not measured in the last ${periods}`;
  const measured = lacking === 0 ? "" : `, ${lacking} not measured`;
  const figures = values.slice(-3).map(figure).join(", ");
  const words = operatorWords[alarm.comparisonOperator];
  return `${alarm.metric} was ${words} ${figure(alarm.threshold)} in ${past} of the last ${periods} (${needed} needed${measured}; latest ${figures})`;
}

/** A figure as people read it: three digits that count. */
export function figure(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** `90 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(3))} s`;
}
