export type {
  FoundInstance,
  InstanceExit,
  InstanceHandle,
  InstanceMark,
  InstanceRuntime,
  InstanceUsage,
  LostInstance,
  SignalScope,
  StartOrder,
  StartResult,
} from "./instance-runtime.ts";
