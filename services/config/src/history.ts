import type { PropertyScope } from "@holdfast/wire";
import type { AppliedEdit, Change, Edit } from "./change.ts";
import { configError } from "./errors.ts";
import type { PropertyBook } from "./property-book.ts";
import { scopeName } from "./scope.ts";

/** The net effect of some changes, oldest first: what was set and taken back in between does not show. Sorted by key. */
export function netEdits(changes: readonly Change[]): AppliedEdit[] {
  const net = new Map<string, { key: string; scope: PropertyScope; before: string | null; after: string | null }>();
  for (const { edits } of changes) {
    for (const edit of edits) {
      const id = `${edit.key} ${scopeName(edit.scope)}`;
      const known = net.get(id);
      if (known === undefined) net.set(id, { ...edit });
      else known.after = edit.after;
    }
  }
  return [...net.entries()]
    .filter(([, edit]) => edit.before !== edit.after)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, edit]) => edit);
}

/** The edits that bring the book back to before `changes` (all since then, oldest first). */
export function editsBack(changes: readonly Change[]): Edit[] {
  return netEdits(changes).map(({ key, scope, before }) => ({ key, scope, value: before }));
}

/**
 * The edits that undo one change and nothing else.
 *
 * @throws PlatformError `CONFIG_ROLLBACK_CONFLICT` when something of it was changed again since; `CONFIG_UNCHANGED` when it
 * changed no value.
 */
export function editsUndoing(change: Change, book: PropertyBook): Edit[] {
  if (change.edits.length === 0) {
    throw configError("CONFIG_UNCHANGED", `revision ${change.revision}: it changed no value`, 409);
  }
  for (const { key, scope, after } of change.edits) {
    const now = book.row(key, scope);
    if ((now?.value ?? null) === after) continue;
    const where = scopeName(scope) || "everywhere";
    throw configError(
      "CONFIG_ROLLBACK_CONFLICT",
      `revision ${change.revision}: ${key} (${where}) was changed again since`,
      409,
      `holdfast config history ${key}`,
    );
  }
  return change.edits.map(({ key, scope, before }) => ({ key, scope, value: before }));
}
