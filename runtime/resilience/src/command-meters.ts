import type { MeterRegistry } from "@holdfast/metrics";
import type { CommandState } from "./command-state.ts";
import { At, type CommandEvent, commandEvents } from "./events.ts";

/** Counted at its own place or computed: no counter of its own. */
const uncounted: ReadonlySet<CommandEvent> = new Set(["EXCEPTION_THROWN", "COMMAND_MAX_ACTIVE"]);

/**
 * The counters of all commands as meters: `resilience.events` (`command`, `event`), `resilience.active` (`command`),
 * `resilience.circuit.open` (`command`; 1 or 0). Brought up to date when asked to, so that calls pay nothing for it.
 */
export class CommandMeters {
  readonly #meters: MeterRegistry;
  /** What was published of each counter; a new window of another size begins a new one. */
  readonly #published = new WeakMap<object, Float64Array>();

  constructor(meters: MeterRegistry) {
    this.#meters = meters;
  }

  publish(states: Iterable<CommandState>): void {
    for (const state of states) {
      const { counts, key: command } = state;
      const before = this.#published.get(counts) ?? new Float64Array(commandEvents.length);
      this.#published.set(counts, before);
      for (const event of commandEvents) {
        if (uncounted.has(event)) continue;
        const total = counts.total(At[event]);
        const more = total - (before[At[event]] ?? 0);
        if (more <= 0) continue;
        before[At[event]] = total;
        this.#meters.counter("resilience.events", { command, event }).increment(more);
      }
      this.#meters.gauge("resilience.active", { command }).set(state.active);
      this.#meters.gauge("resilience.circuit.open", { command }).set(state.breaker.isOpen() ? 1 : 0);
    }
  }
}
