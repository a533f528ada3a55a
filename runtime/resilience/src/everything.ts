import type { CollapserState } from "./collapser-state.ts";
import type { CommandState } from "./command-state.ts";
import type { ThreadPool } from "./threads/thread-pool.ts";

/** All there is to see of a process, for streams and pages. */
export interface Everything {
  readonly commands: Iterable<CommandState>;
  readonly pools: Iterable<ThreadPool>;
  readonly collapsers: Iterable<CollapserState>;
}
