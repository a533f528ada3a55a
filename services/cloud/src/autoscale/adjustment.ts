import type { AdjustmentType, StepAdjustment } from "@holdfast/wire/autoscale";

export interface Adjustment {
  readonly adjustmentType: AdjustmentType;
  readonly scalingAdjustment: number;
  readonly minAdjustmentMagnitude?: number | undefined;
}

/**
 * The size that an adjustment makes of `capacity`; not yet held within the group's bounds, never below 0.
 *
 * Percentages round as AWS documents it: 12.7 to 12, 0.67 to 1, -0.58 to -1, -6.67 to -6; then
 * `minAdjustmentMagnitude` is the least change, in the adjustment's direction. An adjustment of 0 changes nothing.
 */
export function adjust(capacity: number, adjustment: Adjustment): number {
  const { adjustmentType, scalingAdjustment } = adjustment;
  switch (adjustmentType) {
    case "ExactCapacity":
      return Math.max(0, scalingAdjustment);
    case "ChangeInCapacity":
      return Math.max(0, capacity + scalingAdjustment);
    case "PercentChangeInCapacity":
      return Math.max(0, capacity + percentChange(capacity, scalingAdjustment, adjustment.minAdjustmentMagnitude));
  }
}

function percentChange(capacity: number, percent: number, magnitude = 0): number {
  if (percent === 0) return 0;
  // The product first: a hundredth has no exact binary form, and 29 % of 100 would be 28.999….
  const exact = (capacity * percent) / 100;
  const rounded = Math.abs(exact) < 1 && exact !== 0 ? Math.sign(exact) : Math.trunc(exact);
  return Math.sign(percent) * Math.max(Math.abs(rounded), magnitude);
}

/**
 * The step whose interval holds `value`, or `undefined`. Bounds are relative to the alarm's threshold. Above it the lower
 * bound belongs to an interval and the upper does not; below it, the other way round. On the threshold itself the side is
 * that of the alarm: an alarm for high figures (`isHigh`) looks up.
 */
export function stepFor(
  steps: readonly StepAdjustment[],
  value: number,
  threshold: number,
  isHigh: boolean,
): StepAdjustment | undefined {
  const isAbove = value === threshold ? isHigh : value > threshold;
  return steps.find((step) => {
    const lower = threshold + (step.metricIntervalLowerBound ?? Number.NEGATIVE_INFINITY);
    const upper = threshold + (step.metricIntervalUpperBound ?? Number.POSITIVE_INFINITY);
    return isAbove ? value >= lower && value < upper : value > lower && value <= upper;
  });
}

/** Sizes a group is held within. */
export interface SizeBounds {
  readonly min: number;
  readonly max: number;
}

export function within(bounds: SizeBounds, size: number): number {
  return Math.min(bounds.max, Math.max(bounds.min, size));
}
