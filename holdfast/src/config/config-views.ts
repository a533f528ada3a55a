import {
  type AppliedEdit,
  type Change,
  type ConfigServer,
  type ExplainedKey,
  type PropertyRow,
  type StageRecord,
  secretsIn,
  stepName,
} from "@holdfast/config-server";
import type {
  ConfigChangeView,
  ConfigEditView,
  ConfigExplanationView,
  ConfigPropertyView,
  ConfigSecretView,
  ConfigStageView,
  ConfigView,
} from "@holdfast/wire/control";

/** What a list of values is narrowed to. */
export interface PropertyFilter {
  /** In the key or the value, whatever its case. */
  readonly search?: string | undefined;
  readonly key?: string | undefined;
  readonly limit: number;
}

export function configView(server: ConfigServer, filter: PropertyFilter): ConfigView {
  const rows = filter.key === undefined ? server.rows() : server.rowsOf(filter.key);
  const wanted = filter.search?.toLowerCase();
  const found = rows
    .filter(({ key, value }) => wanted === undefined || `${key}\n${value}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const trials = runningTrials(server);
  const { health } = server;
  return {
    epoch: server.epoch,
    revision: server.revision,
    state: health.kind,
    stateReason: health.kind === "writable" ? "" : health.reason,
    properties: found.slice(0, filter.limit).map((row) => propertyView(row, trials)),
    matching: found.length,
    total: server.size,
    listeners: server.streams.size,
  };
}

/** Key → the trial that runs. */
export function runningTrials(server: ConfigServer): ReadonlyMap<string, string> {
  const running = server.stages().filter(({ state }) => state === "running");
  return new Map(running.map(({ key, id }) => [key, id]));
}

function propertyView(row: PropertyRow, trials: ReadonlyMap<string, string>): ConfigPropertyView {
  const { key, value, scope, propertyId, revision, author, atMs, reason } = row;
  const secret = secretsIn(value).length > 0;
  const trial = trials.get(key) ?? null;
  return { key, value, scope, propertyId, revision, author, at: iso(atMs), reason, secret, trial };
}

export function changeView(change: Change): ConfigChangeView {
  const { revision, atMs, author, reason, kind, edits, stage, rollback, secret } = change;
  return {
    revision,
    at: iso(atMs),
    author,
    reason,
    kind,
    edits: edits.map(editView),
    stage: stage ?? null,
    rollback: rollback === undefined ? null : rollbackText(rollback),
    secret: secret ?? null,
  };
}

function rollbackText(rollback: NonNullable<Change["rollback"]>): string {
  return "to" in rollback ? `back to revision ${rollback.to}` : `undid revision ${rollback.undone}`;
}

export function editView({ key, scope, before, after }: AppliedEdit): ConfigEditView {
  return { key, scope, before, after };
}

export function explanationView(explained: ExplainedKey, trials: ReadonlyMap<string, string>): ConfigExplanationView {
  const { key, value, why, trial, rows } = explained;
  const views = rows.map((one) => ({
    property: propertyView(one.row, trials),
    matches: one.matches,
    wins: one.wins,
    why: one.why,
  }));
  return { key, value, why, trial, rows: views };
}

export function stageView(stage: StageRecord): ConfigStageView {
  const { id, key, scope, value, author, reason, startedAtMs, state, steps, step, stepAtMs, gate, note, seen } = stage;
  return {
    id,
    key,
    scope,
    value,
    author,
    reason,
    startedAt: iso(startedAtMs),
    state,
    steps: steps.map(stepName),
    step,
    stepAt: iso(stepAtMs),
    gate: { ...gate },
    note,
    staged: seen === undefined ? null : { ...seen.staged },
    others: seen === undefined ? null : { ...seen.others },
  };
}

export function secretViews(server: ConfigServer): ConfigSecretView[] {
  return server.secrets().map(({ name, fingerprint, revision, author, atMs }) => ({
    name,
    fingerprint,
    revision,
    author,
    at: iso(atMs),
    usedBy: server.usesOf(name),
  }));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
