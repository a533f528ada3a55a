export { Collapser } from "./collapser.ts";
export { Command } from "./command.ts";
export type {
  CallContext,
  CallLimiter,
  CallOptions,
  CallPermit,
  CollapserOptions,
  CommandOptions,
  GivenUpListener,
  WorkerCommandOptions,
} from "./command-definition.ts";
export { addCommandSpans } from "./command-spans.ts";
export { BadRequestError, CommandError, type CommandErrorCode, type FailureType } from "./errors.ts";
export { type CommandEvent, commandEvents } from "./events.ts";
export type { CircuitChange, CircuitExplanation } from "./explain.ts";
export type { CommandHooks, CommandInfo } from "./hooks.ts";
export { AimdLimit, type AimdOptions } from "./limits/aimd-limit.ts";
export { FixedLimit, SettableLimit } from "./limits/fixed-limit.ts";
export { GradientLimit, type GradientOptions } from "./limits/gradient-limit.ts";
export { Gradient2Limit, type Gradient2Options } from "./limits/gradient2-limit.ts";
export type { Bounds, Limit } from "./limits/limit.ts";
export type { Limiter, LimiterCounts, LimiterOptions } from "./limits/limiter.ts";
export { PartitionedLimiter, type PartitionOptions } from "./limits/partitioned-limiter.ts";
export { ProbingLimit, type ProbingOptions } from "./limits/probing-limit.ts";
export { QueueLimiter, type QueueOptions } from "./limits/queue-limiter.ts";
export type { Closing, TellClosed } from "./limits/served-request.ts";
export {
  type ServerCounts,
  type ServerHandler,
  ServerLimiter,
  type ServerLimiterOptions,
} from "./limits/server-limiter.ts";
export { SimpleLimiter } from "./limits/simple-limiter.ts";
export { VegasLimit, type VegasOptions } from "./limits/vegas-limit.ts";
export { WindowedLimit, type WindowOptions } from "./limits/windowed-limit.ts";
export type { CollapserProperties, CommandProperties, ThreadPoolProperties } from "./properties.ts";
export { type LogEntry, type OpenRequest, openRequestContext, runInRequestContext } from "./request-context.ts";
export { Resilience, type ResilienceOptions } from "./resilience.ts";
export type { StreamHandler } from "./streams/event-stream.ts";
export type { HystrixStreams } from "./streams/hystrix-streams.ts";
export type { ThreadWork } from "./threads/pool-thread.ts";
export { type Timed, Timeouts } from "./timeouts.ts";
