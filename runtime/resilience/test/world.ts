import { Config } from "@holdfast/config";
import { SeededRandom } from "@holdfast/kernel";
import {
  type CommandEvent,
  type CommandHooks,
  type CommandOptions,
  Resilience,
  type ResilienceOptions,
} from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";

/** What becomes of a scripted call. */
export type What = "ok" | "fail" | "hang";

/** One process's commands on a clock that moves when told to. */
export class World {
  readonly clock = new FakeClock();
  readonly config = new Config();
  readonly events: CommandEvent[] = [];
  readonly resilience: Resilience;

  constructor(options: ResilienceOptions = {}) {
    const listen: CommandHooks = { onEvent: (_command, event) => void this.events.push(event) };
    const hooks = [...(options.hooks ?? []), listen];
    this.resilience = new Resilience(this.clock, new SeededRandom(1), this.config, { ...options, hooks });
  }

  /** Counters of the rolling window that are not 0. */
  counts(key: string): Partial<Record<CommandEvent, number>> {
    return this.resilience.explain(key)?.events ?? {};
  }

  state(key: string): string | undefined {
    return this.resilience.explain(key)?.state;
  }

  /** A command whose argument says what becomes of the call. */
  scripted(key: string, options: Partial<CommandOptions<[what: What], string>> = {}): (what: What) => Promise<string> {
    const command = this.resilience.command<[What], string>({
      key,
      run: async (_context, what) => {
        if (what === "fail") throw new Error("it failed");
        if (what === "hang") await new Promise<never>(() => {});
        return what;
      },
      ...options,
    });
    return (what) => command.execute(what);
  }
}

/** The error of a promise that must fail. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it should have failed");
}

/** The window is judged after every call. */
export const quick = { "metrics.healthSnapshot.intervalInMilliseconds": 0 } as const;

/** Makes the calls one after the other; what becomes of each is not looked at. */
export async function calls(execute: (what: What) => Promise<string>, ...what: What[]): Promise<void> {
  for (const one of what) await execute(one).catch(() => {});
}

export function times(count: number, what: What): What[] {
  return Array.from({ length: count }, () => what);
}
