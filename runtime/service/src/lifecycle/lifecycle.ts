import { type Clock, type Log, messageOf, numberBetween, PlatformError, within } from "@holdfast/kernel";
import { type Component, type ComponentReport, type ComponentState, componentDefaults } from "./component.ts";
import { inStartOrder } from "./start-order.ts";

/** Whatever takes longer is said, with what is waited for; then again each ten seconds. */
const sayAfterMs = 2_000;
const sayAgainMs = 10_000;
/** When the start is given up, a component that is starting has so long to come to an end. */
const graceMs = 1_000;

/** A component that did not start, or not in time. */
export class ComponentFailedError extends PlatformError<"COMPONENT_FAILED"> {
  constructor(component: string, cause: unknown) {
    super("COMPONENT_FAILED", `${component}: did not start (${messageOf(cause)})`, {
      cause,
      next: "look at what it connects to; the log has what came before",
      details: { component },
    });
  }
}

interface Part {
  readonly component: Component;
  state: ComponentState;
  readonly tookMs: Partial<Record<Phase, number>>;
  beganMs: number;
  phase: Phase | undefined;
  problem: string;
  /** Settles when its start has come to an end, one way or another. */
  starting: Promise<void> | undefined;
}

type Phase = "start" | "warmUp" | "stop";

/**
 * Starts components by their dependencies, independent ones side by side; warms them up; stops them the other way round.
 * (Governator's life cycle, without its injector.)
 */
export class Lifecycle {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: readonly Part[];
  readonly #abort = new AbortController();
  #stopping: Promise<void> | undefined;

  /** @throws OptionError for names that are unknown or go in circles, and limits that make no sense. */
  constructor(clock: Clock, log: Log, components: readonly Component[]) {
    this.#clock = clock;
    this.#log = log;
    for (const [i, component] of components.entries()) {
      for (const limit of ["startMaxMs", "warmUpMaxMs", "stopMaxMs"] as const) {
        numberBetween(`components[${i}].${limit}`, component[limit] ?? componentDefaults[limit], 1, 3_600_000);
      }
    }
    this.#parts = inStartOrder(components).map((component) => ({
      component,
      state: "waiting",
      tookMs: {},
      beganMs: 0,
      phase: undefined,
      problem: "",
      starting: undefined,
    }));
  }

  get report(): readonly ComponentReport[] {
    return this.#parts.map((part) => ({
      name: part.component.name,
      state: part.state,
      dependsOn: part.component.dependsOn ?? [],
      startMs: this.#took(part, "start"),
      warmUpMs: this.#took(part, "warmUp"),
      stopMs: this.#took(part, "stop"),
      problem: part.problem,
    }));
  }

  /** What is being waited for, for people: `starting database, cache`; empty when nothing is. */
  get waitingFor(): string {
    const names = (state: ComponentState): string[] =>
      this.#parts.filter((part) => part.state === state).map((part) => part.component.name);
    return (["starting", "warming", "stopping"] as const)
      .flatMap((state) => (names(state).length === 0 ? [] : [`${state} ${names(state).join(", ")}`]))
      .join("; ");
  }

  /**
   * Starts all, then warms all up. When one fails the others are given up, what had started is stopped, and the first
   * failure is thrown. Ends quietly when `stop` is called meanwhile.
   *
   * @throws ComponentFailedError
   */
  async start(): Promise<void> {
    try {
      await this.#inOrder((part) => {
        part.starting = this.#startOne(part);
        return part.starting;
      });
      await this.#inOrder((part) => this.#warmOne(part));
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      await this.stop();
      throw error;
    }
  }

  /** Stops what has started, dependents first. A start under way is given up. Never throws; the same promise each time. */
  stop(): Promise<void> {
    this.#abort.abort(new Error("the service stops"));
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Runs `work` of each part once that of all it depends on is done. Rejects with the first failure. */
  async #inOrder(work: (part: Part) => Promise<void>): Promise<void> {
    const done = new Map<string, Promise<void>>();
    for (const part of this.#parts) {
      const before = (part.component.dependsOn ?? []).map((name) => done.get(name) ?? Promise.resolve());
      done.set(
        part.component.name,
        Promise.all(before).then(() => work(part)),
      );
    }
    await Promise.all(done.values());
  }

  async #startOne(part: Part): Promise<void> {
    const { component } = part;
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
    try {
      part.state = "starting";
      await this.#timed(part, "start", component.startMaxMs ?? componentDefaults.startMaxMs, component.start);
      part.state = "started";
      this.#log.info("service.component.started", { component: component.name, ms: part.tookMs.start });
    } catch (error) {
      part.state = "failed";
      part.problem = messageOf(error);
      throw new ComponentFailedError(component.name, error);
    }
  }

  async #warmOne(part: Part): Promise<void> {
    const { component } = part;
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
    if (component.warmUp !== undefined) {
      try {
        part.state = "warming";
        await this.#timed(part, "warmUp", component.warmUpMaxMs ?? componentDefaults.warmUpMaxMs, component.warmUp);
      } catch (error) {
        part.problem = `warm-up: ${messageOf(error)}`;
        this.#log.warn("service.component.cold", { component: component.name, error });
      }
    }
    part.state = "ready";
  }

  async #stopAll(): Promise<void> {
    const stopped = new Map<Part, Promise<void>>();
    // Dependents come after what they depend on; the other way round each finds theirs there.
    for (const part of this.#parts.toReversed()) {
      const dependents = this.#parts.filter(
        (other) => other.component.dependsOn?.includes(part.component.name) === true,
      );
      const before = dependents.map((other) => stopped.get(other) ?? Promise.resolve());
      stopped.set(
        part,
        Promise.all(before).then(() => this.#stopOne(part)),
      );
    }
    await Promise.all(stopped.values());
  }

  async #stopOne(part: Part): Promise<void> {
    const { component } = part;
    if (part.starting !== undefined) await this.#settled(part.starting);
    if (part.state === "starting") {
      part.state = "failed";
      part.problem = "given up while it started";
    }
    if (part.state === "waiting") part.state = "stopped";
    // What was never there has nothing to stop.
    if (part.state === "stopped" || part.state === "failed") return;
    try {
      part.state = "stopping";
      await this.#timed(part, "stop", component.stopMaxMs ?? componentDefaults.stopMaxMs, component.stop);
      part.state = "stopped";
      this.#log.info("service.component.stopped", { component: component.name, ms: part.tookMs.stop });
    } catch (error) {
      part.state = "failed";
      part.problem = `stop: ${messageOf(error)}`;
      this.#log.error("service.component.stop.failed", { component: component.name, error });
    }
  }

  async #settled(starting: Promise<void>): Promise<void> {
    try {
      await within(this.#clock, graceMs, "the start that is given up", starting);
    } catch {
      // It failed, or goes on without anybody who waits for it.
    }
  }

  /** Does a phase within its time, and says what is waited for when that takes long. */
  async #timed(
    part: Part,
    phase: Phase,
    maxMs: number,
    work: ((signal: AbortSignal) => unknown) | undefined,
  ): Promise<void> {
    part.beganMs = this.#clock.monotonicMs();
    part.phase = phase;
    const say = (): void => {
      const ms = Math.round(this.#clock.monotonicMs() - part.beganMs);
      this.#log.info("service.component.waiting", { component: part.component.name, phase, ms, maxMs });
    };
    const first = this.#clock.after(sayAfterMs, say);
    const again = this.#clock.every(sayAgainMs, say);
    try {
      const done = (async () => work?.(this.#abort.signal))();
      await within(this.#clock, maxMs, `${part.component.name}: ${phase}`, done);
    } finally {
      first.cancel();
      again.cancel();
      part.tookMs[phase] = Math.round(this.#clock.monotonicMs() - part.beganMs);
      part.phase = undefined;
    }
  }

  #took(part: Part, phase: Phase): number | null {
    if (part.phase === phase) return Math.round(this.#clock.monotonicMs() - part.beganMs);
    return part.tookMs[phase] ?? null;
  }
}
