export {
  type AdjustmentType,
  type PolicyOf,
  type ScalingPolicy,
  type ScalingPolicyInput,
  type StepAdjustment,
  scalingPolicySchema,
} from "./policy.ts";
export { type ScheduledAction, type ScheduledActionInput, scheduledActionSchema } from "./schedule.ts";
export {
  type AlarmDefinition,
  type AlarmState,
  alarmSchema,
  alarmStates,
  type ComparisonOperator,
  comparisonOperators,
  type MetricStatistic,
  type MissingDataTreatment,
  measuredMetrics,
  missingDataTreatments,
  predefinedMetrics,
  statistics,
} from "./words.ts";
