import { type Clock, type Log, messageOf, type Timer } from "@holdfast/kernel";
import type { AppliedEdit, Change } from "../change.ts";
import { configError } from "../errors.ts";
import type { Draft, Ledger } from "../ledger.ts";
import { scopeMatches } from "../scope.ts";
import { isStaged, stepName, thresholdFor } from "./cohort.ts";
import type { FigureSource, FigureWatch, GateInstance } from "./figures.ts";
import { judge } from "./gate.ts";
import type { GateFigures, StageRecord } from "./stage.ts";
import type { StageBook } from "./stage-book.ts";

/** Twice within the time in which a caller puts a failing server out. */
const lookEveryMs = 2_000;
/** Who takes a value back when its gate fails. */
export const gateAuthor = "gate";

/** What the runner needs of the room around it. */
export interface StageHouse {
  /** What setting the trial's value for good would do. */
  readonly plan: (stage: StageRecord) => readonly AppliedEdit[];
  /** Takes a change of a trial over and tells the listeners. */
  readonly apply: (change: Change, stage: StageRecord) => void;
}

/** Leads trials through their steps: looks every two seconds, goes on when a gate passes, takes all back when it fails. */
export class StageRunner {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ledger: Ledger;
  readonly #book: StageBook;
  readonly #figures: FigureSource;
  readonly #house: StageHouse;
  readonly #watches = new Map<string, FigureWatch>();
  /** Trials whose next step is being written: a second look at the old one must not judge it again. */
  readonly #busy = new Set<string>();
  #timer: Timer | undefined;

  constructor(clock: Clock, log: Log, ledger: Ledger, book: StageBook, figures: FigureSource, house: StageHouse) {
    this.#clock = clock;
    this.#log = log;
    this.#ledger = ledger;
    this.#book = book;
    this.#figures = figures;
    this.#house = house;
  }

  /** Goes on with what ran when control ended: their step is watched from its beginning again. */
  resume(): void {
    for (const stage of this.#book.running.values()) {
      this.#book.put({ ...stage, stepAtMs: this.#clock.wallMs() });
      this.#watchStep(stage.id);
    }
  }

  /** Begins with the first step. @throws PlatformError `STAGE_RUNNING`, `STAGE_INVALID`, `CONFIG_READ_ONLY`. */
  async start(ask: () => Omit<StageRecord, "threshold" | "baseline" | "revision" | "stepAtMs">): Promise<StageRecord> {
    let id = "";
    await this.#lookAtAll();
    await this.#ledger.commit(() => {
      const asked = ask();
      this.#book.checkFree(asked.key);
      const covered = this.#covered(asked);
      if (covered.length === 0 && asked.gate.requestsMin > 0) {
        throw configError(
          "STAGE_INVALID",
          `${asked.key}: no instance that runs is covered by its scope, so nobody could try the value`,
          422,
          `holdfast config set ${asked.key} …`,
        );
      }
      const baseline = { instances: covered.length, unhealthy: 0, ...this.#figures.before(idsOf(covered)) };
      id = asked.id;
      const first = { ...asked, baseline, threshold: 0, revision: 0, stepAtMs: 0 };
      return this.#draft("stage-started", this.#atStep(first, 0), asked.author, asked.reason);
    });
    this.#watchStep(id);
    return this.#book.get(id);
  }

  /** Takes a trial's value back. @throws PlatformError `STAGE_UNKNOWN`; `STAGE_INVALID` (409) when it has ended. */
  async revert(id: string, author: string, reason: string): Promise<StageRecord> {
    this.#checkRuns(id);
    await this.#end(id, "reverted", author, reason);
    return this.#book.get(id);
  }

  /** The next step now, or the end, without waiting for the gate. @throws as {@link revert}; `CONFIG_READ_ONLY`. */
  async advance(id: string, author: string, reason: string): Promise<StageRecord> {
    this.#checkRuns(id);
    await this.#goOn(id, author, reason);
    return this.#book.get(id);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #checkRuns(id: string): void {
    const { state } = this.#book.get(id);
    if (state !== "running") throw configError("STAGE_INVALID", `${id}: has ended already (${state})`, 409);
  }

  /** Before a step: what it does is counted from its very beginning then. */
  #lookAtAll(): Promise<void> {
    return this.#figures.look(idsOf(this.#figures.instances()));
  }

  #covered(stage: Pick<StageRecord, "scope">): GateInstance[] {
    return this.#figures.instances().filter((instance) => scopeMatches(stage.scope, instance.context));
  }

  #atStep(stage: StageRecord, index: number): StageRecord {
    const step = stage.steps[index];
    if (step === undefined) return stage;
    const ids = this.#covered(stage)
      .filter((instance) => instance.unwellSinceMs === null)
      .map((instance) => instance.context.serverId ?? "");
    const threshold = thresholdFor(stage.id, step, ids, stage.threshold);
    const note = `tried with ${stepName(step)}`;
    return { ...stage, step: index, stepAtMs: this.#clock.wallMs(), threshold, note };
  }

  #watchStep(id: string): void {
    this.#watches.get(id)?.close();
    this.#watches.set(id, this.#figures.watch());
    this.#timer ??= this.#clock.every(lookEveryMs, () => this.#look());
  }

  #look(): void {
    for (const stage of this.#book.running.values()) {
      if (this.#busy.has(stage.id)) continue;
      this.#busy.add(stage.id);
      this.#lookAt(stage)
        .catch((error: unknown) => {
          this.#log.warn("config.stage-waits", { stage: stage.id, reason: messageOf(error) });
        })
        .finally(() => this.#busy.delete(stage.id));
    }
  }

  async #lookAt(stage: StageRecord): Promise<void> {
    const watch = this.#watches.get(stage.id);
    if (watch === undefined) return;
    const covered = this.#covered(stage);
    await this.#figures.look(idsOf(covered));
    // Somebody may have ended it, or moved it on, meanwhile.
    if (this.#book.get(stage.id) !== stage) return;
    const staged = figuresOf(
      stage,
      watch,
      covered.filter((instance) => isStaged(stage, instance.context)),
    );
    const others = figuresOf(
      stage,
      watch,
      covered.filter((instance) => !isStaged(stage, instance.context)),
    );
    const verdict = judge(staged, others, stage.baseline, stage.gate, this.#clock.wallMs() - stage.stepAtMs);
    const step = stage.steps[stage.step];
    const where = step === undefined ? "" : stepName(step);
    this.#book.put({ ...stage, seen: { staged, others }, note: `${where}: ${verdict.reason}` });
    if (verdict.kind === "pass") await this.#goOn(stage.id, gateAuthor, `${where} passed: ${verdict.reason}`);
    if (verdict.kind === "fail")
      await this.#end(stage.id, "reverted", gateAuthor, `${where} failed: ${verdict.reason}`);
  }

  async #goOn(id: string, author: string, reason: string): Promise<void> {
    const { step, steps } = this.#book.get(id);
    if (step >= steps.length - 1) return this.#end(id, "completed", author, reason);
    await this.#lookAtAll();
    await this.#ledger.commit(() => {
      this.#checkRuns(id);
      const stage = this.#atStep(this.#book.get(id), step + 1);
      return this.#draft("stage-advanced", stage, author, reason);
    });
    this.#watchStep(id);
  }

  async #end(id: string, state: "reverted" | "completed", author: string, reason: string): Promise<void> {
    const draft = (): Draft | undefined => {
      const stage = this.#book.get(id);
      if (stage.state !== "running") return undefined;
      return this.#draft(`stage-${state}`, { ...stage, state, note: reason }, author, reason);
    };
    // A value that is good can wait for the disk; one that does harm cannot.
    if (state === "reverted") await this.#ledger.insist(draft);
    else {
      await this.#ledger.commit(() => {
        this.#checkRuns(id);
        return draft() as Draft;
      });
    }
    this.#watches.get(id)?.close();
    this.#watches.delete(id);
    if (this.#watches.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #draft(kind: Change["kind"], stage: StageRecord, author: string, reason: string): Draft {
    const edits = kind === "stage-completed" ? this.#house.plan(stage) : [];
    const at = (change: Change): StageRecord => ({ ...stage, revision: change.revision });
    this.#log.info(`config.${kind}`, { stage: stage.id, key: stage.key, author, reason });
    return {
      change: { kind, author, reason, edits, stage: stage.id },
      beside: (change) => [{ kind: "stage", stage: at(change) }],
      apply: (change) => this.#house.apply(change, at(change)),
    };
  }
}

function figuresOf(stage: StageRecord, watch: FigureWatch, instances: readonly GateInstance[]): GateFigures {
  const fell = instances.filter(({ unwellSinceMs }) => unwellSinceMs !== null && unwellSinceMs >= stage.stepAtMs);
  return { instances: instances.length, unhealthy: fell.length, ...watch.since(idsOf(instances)) };
}

function idsOf(instances: readonly GateInstance[]): Set<string> {
  return new Set(instances.map((instance) => instance.context.serverId ?? ""));
}
