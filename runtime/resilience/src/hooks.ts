import { type Log, messageOf } from "@holdfast/kernel";
import type { CommandEvent } from "./events.ts";

/** What a hook is told about whose call it is. */
export interface CommandInfo {
  readonly key: string;
  readonly group: string;
}

/**
 * Observers of every call, by the names of `HystrixCommandExecutionHook`, and of every event (`HystrixEventNotifier`).
 * They are called in the caller's context and change nothing: one that throws is logged and otherwise ignored.
 */
export interface CommandHooks {
  onEvent?(command: CommandInfo, event: CommandEvent): void;
  onStart?(command: CommandInfo): void;
  onExecutionStart?(command: CommandInfo): void;
  onExecutionSuccess?(command: CommandInfo, value: unknown): void;
  onExecutionError?(command: CommandInfo, error: unknown): void;
  onFallbackStart?(command: CommandInfo, error: unknown): void;
  onFallbackSuccess?(command: CommandInfo, value: unknown): void;
  onFallbackError?(command: CommandInfo, error: unknown): void;
  onCacheHit?(command: CommandInfo): void;
  onSuccess?(command: CommandInfo, value: unknown): void;
  onError?(command: CommandInfo, error: unknown): void;
  /** The caller gave the call up (Hystrix's name for it). */
  onUnsubscribe?(command: CommandInfo): void;
}

/** All hooks of a process as one; commands have none of it when there are no hooks. */
export class HookList {
  readonly #hooks: readonly CommandHooks[];
  readonly #log: Log;

  constructor(hooks: readonly CommandHooks[], log: Log) {
    this.#hooks = hooks;
    this.#log = log;
  }

  event(command: CommandInfo, event: CommandEvent): void {
    for (const hook of this.#hooks) this.#guarded("onEvent", () => hook.onEvent?.(command, event));
  }

  /** Tells `name` what happened, with the value or error it has to do with. */
  tell(name: Exclude<keyof CommandHooks, "onEvent">, command: CommandInfo, what?: unknown): void {
    for (const hook of this.#hooks) this.#guarded(name, () => hook[name]?.(command, what));
  }

  #guarded(name: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#log.warn("resilience.hook-failed", { hook: name, error: messageOf(error) });
    }
  }
}
