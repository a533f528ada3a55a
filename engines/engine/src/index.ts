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
export { RuntimeByKind } from "./runtime-by-kind.ts";
