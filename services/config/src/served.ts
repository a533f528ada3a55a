import { type Log, messageOf } from "@holdfast/kernel";
import type { DeploymentContext, ServedProperty } from "@holdfast/wire";
import type { PropertyRow } from "./change.ts";
import type { PropertyBook } from "./property-book.ts";
import { bySpeciality } from "./scope.ts";
import type { SecretBook } from "./secrets/secret-book.ts";
import { isStaged } from "./stage/cohort.ts";
import type { StageRecord } from "./stage/stage.ts";

/** What counts for one asker: the settled values, those on trial with it, and secrets opened for its eyes alone. */
export class ServedView {
  readonly #log: Log;
  readonly #book: PropertyBook;
  readonly #secrets: SecretBook;
  readonly #trials: ReadonlyMap<string, StageRecord>;
  // Thousands of listeners are told the same; made once, it is also written as text once.
  readonly #plain = new WeakMap<PropertyRow, ServedProperty>();

  /** `trials`: the running trial of a key. */
  constructor(log: Log, book: PropertyBook, secrets: SecretBook, trials: ReadonlyMap<string, StageRecord>) {
    this.#log = log;
    this.#book = book;
    this.#secrets = secrets;
    this.#trials = trials;
  }

  /** Everything for who is `context` (normal). */
  all(context: DeploymentContext): ServedProperty[] {
    const found: ServedProperty[] = [];
    for (const key of this.#book.keys()) {
      const property = this.one(key, context);
      if (property !== undefined) found.push(property);
    }
    for (const key of this.#trials.keys()) {
      if (this.#book.rowsOf(key).length > 0) continue;
      const property = this.one(key, context);
      if (property !== undefined) found.push(property);
    }
    return found;
  }

  one(key: string, context: DeploymentContext): ServedProperty | undefined {
    const row = this.#book.winner(key, context);
    const trial = trialFor(this.#trials.get(key), row, context);
    if (trial !== undefined) return this.#onTrial(trial, row);
    return row === undefined ? undefined : this.#settled(row);
  }

  #settled(row: PropertyRow): ServedProperty | undefined {
    const known = this.#plain.get(row);
    if (known !== undefined) return known;
    const property = servedRow(row);
    const opened = this.#open(row.key, row.value);
    if (opened === null) return undefined;
    // A secret is not kept in the clear a moment longer than its answer takes.
    if (opened !== undefined) return { ...property, value: opened, secret: true };
    this.#plain.set(row, property);
    return property;
  }

  #onTrial(trial: StageRecord, row: PropertyRow | undefined): ServedProperty | undefined {
    const { key, scope, value, revision, author, stepAtMs: atMs, reason, id } = trial;
    const opened = this.#open(key, value);
    const settled = row === undefined ? undefined : this.#open(key, row.value);
    if (opened === null || settled === null) return row === undefined ? undefined : this.#settled(row);
    const property: ServedProperty = {
      key,
      scope,
      revision,
      author,
      atMs,
      reason,
      value: opened ?? value,
      trial: { id, settled: settled ?? row?.value ?? null },
    };
    return opened === undefined && settled === undefined ? property : { ...property, secret: true };
  }

  /** The value with its secrets; `undefined` when it names none, null when one of them cannot be opened. */
  #open(key: string, value: string): string | undefined | null {
    try {
      return this.#secrets.resolve(value);
    } catch (error) {
      this.#log.error("config.secret-not-opened", { key, reason: messageOf(error) });
      return null;
    }
  }
}

/** The trial, when its value counts for the asker and not some value for fewer than the trial is for. */
export function trialFor(
  trial: StageRecord | undefined,
  row: PropertyRow | undefined,
  context: DeploymentContext,
): StageRecord | undefined {
  if (trial === undefined || !isStaged(trial, context)) return undefined;
  return row === undefined || bySpeciality(trial.scope, row.scope) <= 0 ? trial : undefined;
}

function servedRow(row: PropertyRow): ServedProperty {
  const { key, value, scope, revision, author, atMs, reason } = row;
  return { key, value, scope, revision, author, atMs, ...(reason === "" ? {} : { reason }) };
}
