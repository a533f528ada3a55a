import { type DeploymentContext, propertyScopeKeys } from "@holdfast/wire";
import type { PropertyRow } from "./change.ts";
import type { PropertyBook } from "./property-book.ts";
import { decidingScope, scopeMatches, scopeName } from "./scope.ts";
import { trialFor } from "./served.ts";
import { stepName } from "./stage/cohort.ts";
import type { StageRecord } from "./stage/stage.ts";

/** One value of a key and what became of it for the asker. */
export interface ExplainedRow {
  readonly row: PropertyRow;
  readonly matches: boolean;
  readonly wins: boolean;
  /** One sentence. */
  readonly why: string;
}

export interface ExplainedKey {
  readonly key: string;
  /** What counts; null: nothing. */
  readonly value: string | null;
  /** Why, in one sentence. */
  readonly why: string;
  /** Set while the value that counts is on trial with the asker. */
  readonly trial: string | null;
  /** The most special first. */
  readonly rows: readonly ExplainedRow[];
}

/** Why a key has the value it has for who is `context` (normal). Secrets stay references. */
export function explainKey(
  book: PropertyBook,
  trial: StageRecord | undefined,
  key: string,
  context: DeploymentContext,
): ExplainedKey {
  const winner = book.winner(key, context);
  const onTrial = trialFor(trial, winner, context);
  const rows = book.rowsOf(key).map((row): ExplainedRow => {
    const matches = scopeMatches(row.scope, context);
    const wins = row === winner && onTrial === undefined;
    return { row, matches, wins, why: whyRow(row, winner, context, onTrial) };
  });
  return {
    key,
    value: onTrial?.value ?? winner?.value ?? null,
    why: whyValue(winner, rows, onTrial),
    trial: onTrial?.id ?? null,
    rows,
  };
}

function whyValue(
  winner: PropertyRow | undefined,
  rows: readonly ExplainedRow[],
  onTrial: StageRecord | undefined,
): string {
  if (onTrial !== undefined) {
    const step = onTrial.steps[onTrial.step];
    return `on trial (${onTrial.id}, ${step === undefined ? "" : stepName(step)}): ${onTrial.reason}`;
  }
  if (winner === undefined) return rows.length === 0 ? "no value anywhere" : "no value is for this one";
  const matching = rows.filter((row) => row.matches).length;
  const where = nameOf(winner);
  return matching === 1 ? `the only value for it: ${where}` : `the most special of ${matching} values for it: ${where}`;
}

function whyRow(
  row: PropertyRow,
  winner: PropertyRow | undefined,
  context: DeploymentContext,
  onTrial: StageRecord | undefined,
): string {
  const misses = propertyScopeKeys.find((key) => {
    const wanted = row.scope[key];
    return wanted !== undefined && !scopeMatches({ [key]: wanted }, context);
  });
  if (misses !== undefined) {
    return `is for ${misses} ${row.scope[misses]}, this one has ${context[misses] ?? "none"}`;
  }
  if (onTrial !== undefined && row === winner) return `would count, but ${onTrial.id} is tried in its place`;
  if (winner === undefined || row === winner) return "counts: nothing more special is for this one";
  const decides = decidingScope(winner.scope, row.scope);
  if (decides === undefined) return `is as special as revision ${winner.revision}, which is later`;
  if (row.scope[decides] === undefined) return `${nameOf(winner)} is more special: it names the ${decides}`;
  return `${nameOf(winner)} is more special: its list of ${decides} is shorter`;
}

function nameOf(row: PropertyRow): string {
  return scopeName(row.scope) || "everywhere";
}
