export { Command } from "./command.ts";
export type { CallContext, CallOptions, CommandOptions } from "./command-definition.ts";
export { BadRequestError, CommandError, type CommandErrorCode, type FailureType } from "./errors.ts";
export { type CommandEvent, commandEvents } from "./events.ts";
export type { CircuitChange, CircuitExplanation } from "./explain.ts";
export type { CommandHooks, CommandInfo } from "./hooks.ts";
export { runInRequestContext } from "./request-context.ts";
export { Resilience, type ResilienceOptions } from "./resilience.ts";
