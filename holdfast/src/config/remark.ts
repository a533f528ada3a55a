import { type AppliedEdit, type Change, scopeName } from "@holdfast/config-server";

const valueCharsMax = 60;

/** A change as one line of the diary: revision, who, what, why. */
export function remarkOf(change: Change): string {
  const { revision, author, reason } = change;
  return `config r${revision} by ${author}: ${whatOf(change)}${reason === "" ? "" : `: ${reason}`}`;
}

function whatOf({ kind, edits, stage, secret }: Change): string {
  if (secret !== undefined) return `secret ${secret.name} ${secret.after === null ? "removed" : "changed"}`;
  const [first, ...more] = edits;
  const named = stage === undefined ? kind : `${kind} ${stage}`;
  if (first === undefined) return named;
  const values = `${editOf(first)}${more.length === 0 ? "" : ` and ${more.length} more`}`;
  return kind === "set" ? values : `${named}, ${values}`;
}

function editOf({ key, scope, before, after }: AppliedEdit): string {
  const where = scopeName(scope);
  return `${key}${where === "" ? "" : ` (${where})`} ${valueOf(before)} → ${valueOf(after)}`;
}

function valueOf(value: string | null): string {
  if (value === null) return "none";
  return value.length > valueCharsMax ? `${value.slice(0, valueCharsMax - 1)}…` : value;
}
