import type { Clock, Log } from "@holdfast/kernel";
import type { ConfigSnapshot, DeploymentContext, PropertyScope } from "@holdfast/wire";
import type { AppliedEdit, Change, Edit, PropertyRow } from "./change.ts";
import { ConfigStreams, type ConfigStreamsOptions } from "./config-streams.ts";
import { configError } from "./errors.ts";
import { type ExplainedKey, explainKey } from "./explain.ts";
import { editsBack, editsUndoing, netEdits } from "./history.ts";
import { type ConfigHealth, type Draft, Ledger } from "./ledger.ts";
import { type ConfigLimits, checkKey, checkValue, configLimitsDefaults } from "./limits.ts";
import { PropertyBook } from "./property-book.ts";
import { normalScope } from "./scope.ts";
import type { KeyRing } from "./secrets/key-ring.ts";
import { secretsIn } from "./secrets/reference.ts";
import { SecretBook } from "./secrets/secret-book.ts";
import type { SecretRecord } from "./secrets/secret-record.ts";
import { ServedView } from "./served.ts";
import type { FigureSource } from "./stage/figures.ts";
import { type GateOptions, gateDefaults, type StageRecord, type StageStep } from "./stage/stage.ts";
import { checkedSteps, StageBook, stepsDefault } from "./stage/stage-book.ts";
import { StageRunner } from "./stage/stage-runner.ts";
import {
  type ChangeQuery,
  type ConfigOpening,
  type ConfigStore,
  changesKeptMax,
  type StoredConfig,
} from "./store/config-store.ts";

/** The outside world of the configuration server. */
export interface ConfigServerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: ConfigStore;
  readonly keys: KeyRing;
  readonly figures: FigureSource;
  /** Names of trials: some random hex digits. */
  readonly newId: () => string;
  /** Hears of each change, once it counts. */
  readonly onChange?: (change: Change) => void;
}

/** Who changes something, and why. */
export interface Told {
  readonly author: string;
  readonly reason: string;
}

/** What somebody wants to try. */
export interface StageRequest extends Told {
  readonly key: string;
  readonly scope: PropertyScope;
  readonly value: string;
  /** Default: a tenth, half, all. */
  readonly steps?: readonly StageStep[] | undefined;
  readonly gate?: Partial<GateOptions> | undefined;
}

/** Properties, their history, trials and secrets; and all who listen. The README has the promise. */
export class ConfigServer {
  readonly epoch: string;
  readonly streams: ConfigStreams;
  readonly #store: ConfigStore;
  readonly #limits: ConfigLimits;
  readonly #newId: () => string;
  readonly #onChange: (change: Change) => void;
  readonly #clock: Clock;
  readonly #book: PropertyBook;
  readonly #secrets: SecretBook;
  readonly #stages: StageBook;
  readonly #served: ServedView;
  readonly #ledger: Ledger;
  readonly #runner: StageRunner;

  private constructor(
    parts: ConfigServerParts,
    stored: StoredConfig,
    limits: ConfigLimits,
    streams: Partial<ConfigStreamsOptions>,
  ) {
    const { clock, log, store, keys, figures, newId } = parts;
    this.epoch = stored.epoch;
    this.#store = store;
    this.#limits = limits;
    this.#newId = newId;
    this.#onChange = parts.onChange ?? (() => {});
    this.#clock = clock;
    this.#book = new PropertyBook(limits);
    this.#book.restore(stored.revision, stored.rows);
    this.#secrets = new SecretBook(keys, stored.secrets);
    this.#stages = new StageBook(stored.stages);
    this.#served = new ServedView(log, this.#book, this.#secrets, this.#stages.running);
    this.streams = new ConfigStreams(clock, this.#source(), streams);
    this.#ledger = new Ledger(clock, log, store, stored.revision);
    this.#runner = new StageRunner(clock, log, this.#ledger, this.#stages, figures, {
      plan: (stage) => this.#book.plan([stage]),
      apply: (change, stage) => this.#applyStage(change, stage),
    });
    this.#runner.resume();
  }

  /** A server on what opening the store of `parts` has found. */
  static of(
    parts: ConfigServerParts,
    { stored, movedAside }: ConfigOpening,
    limits: ConfigLimits = configLimitsDefaults,
    streams: Partial<ConfigStreamsOptions> = {},
  ): ConfigServer {
    if (movedAside !== undefined) parts.log.error("config.corrupt", { movedAside });
    return new ConfigServer(parts, stored, limits, streams);
  }

  get revision(): number {
    return this.#book.revision;
  }

  /** How many values there are. */
  get size(): number {
    return this.#book.size;
  }

  get health(): ConfigHealth {
    return this.#ledger.health;
  }

  /** Every value, by key, the most special of a key first. */
  rows(): PropertyRow[] {
    return [...this.#book.rows()];
  }

  /** Values of one key, the most special first. */
  rowsOf(key: string): readonly PropertyRow[] {
    return this.#book.rowsOf(key);
  }

  /** All that counts for an asker, for that process alone: its secrets are open in it. */
  snapshot(context: DeploymentContext): ConfigSnapshot {
    return { epoch: this.epoch, revision: this.revision, properties: this.#served.all(normalScope(context)) };
  }

  /**
   * Sets and removes values, all or nothing; resolves when it is written and everybody was told.
   *
   * @throws PlatformError as `PropertyBook.plan`; `CONFIG_UNCHANGED` (409) when all is so already; `STAGE_RUNNING`,
   * `SECRET_UNKNOWN`, `CONFIG_READ_ONLY`.
   */
  set(edits: readonly Edit[], told: Told): Promise<Change> {
    return this.#ledger.commit(() => {
      for (const { key, value } of edits) {
        this.#stages.checkFree(key);
        if (value !== null) this.#secrets.checkReferences(value);
      }
      return this.#draft("set", this.#book.plan(edits), told);
    });
  }

  /** What was changed, newest first. */
  history(query: ChangeQuery): Promise<Change[]> {
    return this.#store.changes(query);
  }

  /** What is different at revision `to` from revision `from`. @throws PlatformError `CONFIG_REVISION_UNKNOWN` (404). */
  async diff(from: number, to: number): Promise<AppliedEdit[]> {
    if (to < from) {
      const back = await this.diff(to, from);
      return back.map(({ key, scope, before, after }) => ({ key, scope, before: after, after: before }));
    }
    const changes = await this.#between(from, to);
    return netEdits(changes);
  }

  /**
   * Brings every value back to what it was at revision `to`, as a new change. Trials of these keys are taken back first.
   * Secrets stay as they are: what they were is gone.
   *
   * @throws PlatformError `CONFIG_REVISION_UNKNOWN`, `CONFIG_UNCHANGED`, `CONFIG_READ_ONLY`.
   */
  async rollbackTo(to: number, told: Told): Promise<Change> {
    const edits = editsBack(await this.#between(to, this.revision));
    return this.#rollback(edits, { to }, told);
  }

  /** Undoes one change and leaves all later ones. @throws as {@link rollbackTo}; `CONFIG_ROLLBACK_CONFLICT` (409). */
  async undo(revision: number, told: Told): Promise<Change> {
    const [change] = await this.#store.changes({ after: revision - 1, before: revision + 1, limit: 1 });
    if (change === undefined) throw this.#revisionUnknown(revision);
    return this.#rollback(editsUndoing(change, this.#book), { undone: revision }, told);
  }

  /** Why one key, or each that has a value for it, has the value it has for an asker. Secrets stay references. */
  explain(context: DeploymentContext, key?: string): ExplainedKey[] {
    const asker = normalScope(context);
    const { running } = this.#stages;
    if (key !== undefined) return [explainKey(this.#book, running.get(key), key, asker)];
    const keys = new Set([...this.#book.keys(), ...running.keys()]);
    return [...keys]
      .toSorted()
      .map((name) => explainKey(this.#book, running.get(name), name, asker))
      .filter((explained) => explained.value !== null);
  }

  /** Trials, newest first. */
  stages(): StageRecord[] {
    return this.#stages.list();
  }

  /** @throws PlatformError `STAGE_UNKNOWN` (404). */
  stage(id: string): StageRecord {
    return this.#stages.get(id);
  }

  /**
   * Tries a value with some instances first. Resolves when the first step has begun.
   *
   * @throws PlatformError `STAGE_INVALID`, `STAGE_RUNNING`, `SECRET_UNKNOWN`, `CONFIG_UNCHANGED`, `CONFIG_READ_ONLY`.
   */
  startStage(request: StageRequest): Promise<StageRecord> {
    return this.#runner.start(() => {
      const { key, value, author, reason } = request;
      checkKey(key, this.#limits);
      checkValue(key, value, this.#limits);
      this.#secrets.checkReferences(value);
      const scope = normalScope(request.scope);
      if (this.#book.plan([{ key, scope, value }]).length === 0) throw unchanged();
      return {
        id: `t-${this.#newId()}`,
        key,
        scope,
        value,
        author,
        reason,
        steps: checkedSteps(request.steps ?? stepsDefault, scope),
        gate: { ...gateDefaults, ...definedOf(request.gate) },
        startedAtMs: this.#clock.wallMs(),
        state: "running",
        step: 0,
        note: "",
      };
    });
  }

  /** @throws PlatformError `STAGE_UNKNOWN`; `STAGE_INVALID` (409) when it has ended. */
  revertStage(id: string, told: Told): Promise<StageRecord> {
    return this.#runner.revert(id, told.author, told.reason);
  }

  /** @throws as {@link revertStage}; `CONFIG_READ_ONLY`. */
  advanceStage(id: string, told: Told): Promise<StageRecord> {
    return this.#runner.advance(id, told.author, told.reason);
  }

  /** Secrets without their values. */
  secrets(): Omit<SecretRecord, "envelope">[] {
    return this.#secrets.list().map(({ envelope: _sealed, ...told }) => told);
  }

  /** Keys whose value, settled or on trial, names the secret. */
  usesOf(name: string): string[] {
    const values = [...this.#book.rows(), ...this.#stages.running.values()];
    return [...new Set(values.filter(({ value }) => secretsIn(value).includes(name)).map(({ key }) => key))].toSorted();
  }

  /**
   * Sets a secret; processes that use it get the new value at once.
   *
   * @throws PlatformError `SECRET_INVALID`, `SECRET_KEY_LOST`, `STATE_NOT_WRITABLE`, `CONFIG_UNCHANGED`, `CONFIG_READ_ONLY`.
   */
  async setSecret(name: string, value: string, told: Told): Promise<Change> {
    return this.#ledger.commit(() => {
      const before = this.#secrets.get(name)?.fingerprint ?? null;
      const revision = this.revision + 1;
      const record = this.#secrets.sealed(name, value, { revision, author: told.author, atMs: this.#clock.wallMs() });
      if (record.fingerprint === before) throw unchanged();
      return {
        change: { kind: "secret", ...told, edits: [], secret: { name, before, after: record.fingerprint } },
        beside: () => [{ kind: "secret", secret: record }],
        apply: (change) => this.#applySecret(change, name, record),
      };
    });
  }

  /** @throws PlatformError `SECRET_UNKNOWN` (404), `SECRET_IN_USE` (409), `CONFIG_READ_ONLY`. */
  async removeSecret(name: string, told: Told): Promise<Change> {
    return this.#ledger.commit(() => {
      const before = this.#secrets.get(name)?.fingerprint;
      if (before === undefined) throw configError("SECRET_UNKNOWN", `${name}: no such secret`, 404);
      const uses = this.usesOf(name);
      if (uses.length > 0) {
        const next = `holdfast config set ${uses[0]} …`;
        throw configError("SECRET_IN_USE", `${name}: is named by ${uses.join(", ")}`, 409, next);
      }
      return {
        change: { kind: "secret", ...told, edits: [], secret: { name, before, after: null } },
        beside: () => [{ kind: "secret-removed", name }],
        apply: (change) => this.#applySecret(change, name, undefined),
      };
    });
  }

  /** Seals all secrets under a new key and forgets the old ones. Resolves with how many. */
  async rotateKeys(): Promise<number> {
    let rotated: SecretRecord[] = [];
    await this.#ledger.write(() => {
      rotated = this.#secrets.rotated();
      return rotated.map((secret) => ({ kind: "secret", secret }));
    });
    for (const record of rotated) this.#secrets.put(record);
    this.#secrets.forgetKeys();
    return rotated.length;
  }

  async close(): Promise<void> {
    this.#runner.close();
    this.streams.close();
    await this.#ledger.close();
  }

  #source(): ConstructorParameters<typeof ConfigStreams>[1] {
    return {
      snapshot: (context) => this.snapshot(context),
      one: (key, context) => this.#served.one(key, context),
      revision: () => this.revision,
      isShared: ({ properties }) =>
        !this.#book.hasInstanceValues &&
        this.#stages.running.size === 0 &&
        properties.every(({ secret }) => secret !== true),
    };
  }

  async #rollback(edits: readonly Edit[], rollback: NonNullable<Change["rollback"]>, told: Told): Promise<Change> {
    for (const { key } of edits) {
      const trial = this.#stages.running.get(key);
      if (trial !== undefined) await this.#runner.revert(trial.id, told.author, `rolled back: ${told.reason}`);
    }
    return this.#ledger.commit(() => {
      // What is gone already need not be removed.
      const left = edits.filter(({ key, scope, value }) => value !== null || this.#book.row(key, scope) !== undefined);
      for (const { value } of left) if (value !== null) this.#secrets.checkReferences(value);
      const draft = this.#draft("rollback", this.#book.plan(left), told);
      return { ...draft, change: { ...draft.change, rollback } };
    });
  }

  #draft(kind: Change["kind"], edits: readonly AppliedEdit[], told: Told): Draft {
    if (edits.length === 0) throw unchanged();
    return {
      change: { kind, author: told.author, reason: told.reason, edits },
      apply: (change) => {
        this.#book.apply(change);
        this.streams.publish(change.edits);
        this.#onChange(change);
      },
    };
  }

  #applyStage(change: Change, stage: StageRecord): void {
    this.#stages.put(stage);
    this.#book.apply(change);
    this.streams.publish([stage]);
    this.#onChange(change);
  }

  #applySecret(change: Change, name: string, record: SecretRecord | undefined): void {
    if (record === undefined) this.#secrets.remove(name);
    else this.#secrets.put(record);
    this.#book.apply(change);
    this.streams.publish(this.usesOf(name).map((key) => ({ key, scope: {} })));
    this.#onChange(change);
  }

  /** Changes above `from` up to `to`, oldest first. */
  async #between(from: number, to: number): Promise<Change[]> {
    for (const revision of [from, to]) {
      if (revision < 0 || revision > this.revision) throw this.#revisionUnknown(revision);
    }
    const changes = await this.#store.changes({ after: from, before: to + 1, limit: changesKeptMax });
    if (changes.length < to - from) throw this.#revisionUnknown(from);
    return changes.toReversed();
  }

  #revisionUnknown(revision: number): Error {
    return configError(
      "CONFIG_REVISION_UNKNOWN",
      `revision ${revision}: not known; the present one is ${this.revision}, the latest ${changesKeptMax} are kept`,
      404,
      "holdfast config history",
    );
  }
}

function unchanged(): Error {
  return configError("CONFIG_UNCHANGED", "nothing would change: all of it is so already", 409);
}

function definedOf(gate: Partial<GateOptions> | undefined): Partial<GateOptions> {
  return Object.fromEntries(Object.entries(gate ?? {}).filter(([, value]) => value !== undefined));
}
