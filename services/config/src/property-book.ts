import { createHash } from "node:crypto";
import type { DeploymentContext, PropertyScope } from "@holdfast/wire";
import type { AppliedEdit, Change, Edit, PropertyRow } from "./change.ts";
import { configError } from "./errors.ts";
import { type ConfigLimits, checkKey, checkValue, configLimitsDefaults } from "./limits.ts";
import { bySpeciality, normalScope, scopeMatches, scopeName } from "./scope.ts";

/**
 * All values that count now, by key, the most special first. Pure: what changes it is a {@link Change}, and the same
 * changes in the same order make the same book.
 */
export class PropertyBook {
  readonly #limits: ConfigLimits;
  readonly #rows = new Map<string, PropertyRow[]>();
  #size = 0;
  #ofInstances = 0;
  #revision = 0;

  constructor(limits: ConfigLimits = configLimitsDefaults) {
    this.#limits = limits;
  }

  /** The count of changes so far. */
  get revision(): number {
    return this.#revision;
  }

  /** How many values there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether some value is for single instances. */
  get hasInstanceValues(): boolean {
    return this.#ofInstances > 0;
  }

  keys(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** Values of one key, the most special first. */
  rowsOf(key: string): readonly PropertyRow[] {
    return this.#rows.get(key) ?? [];
  }

  *rows(): IterableIterator<PropertyRow> {
    for (const rows of this.#rows.values()) yield* rows;
  }

  row(key: string, scope: PropertyScope): PropertyRow | undefined {
    const name = scopeName(normalScope(scope));
    return this.rowsOf(key).find((row) => scopeName(row.scope) === name);
  }

  /** The value that counts for who is `context` (normal). */
  winner(key: string, context: DeploymentContext): PropertyRow | undefined {
    return this.rowsOf(key).find((row) => scopeMatches(row.scope, context));
  }

  /** Every value that counts for who is `context` (normal), one a key. */
  effective(context: DeploymentContext): PropertyRow[] {
    const found: PropertyRow[] = [];
    for (const rows of this.#rows.values()) {
      const row = rows.find((candidate) => scopeMatches(candidate.scope, context));
      if (row !== undefined) found.push(row);
    }
    return found;
  }

  /**
   * What `edits` would do now; nothing is changed. Those that would do nothing are left out.
   *
   * @throws PlatformError `CONFIG_KEY_INVALID`, `CONFIG_VALUE_INVALID`, `CONFIG_SCOPE_INVALID`, `CONFIG_UNKNOWN` (a value to
   * remove is not there), `CONFIG_FULL`.
   */
  plan(edits: readonly Edit[]): AppliedEdit[] {
    const planned = new Map<string, AppliedEdit>();
    let added = 0;
    for (const edit of edits) {
      checkKey(edit.key, this.#limits);
      if (edit.value !== null) checkValue(edit.key, edit.value, this.#limits);
      const scope = normalScope(edit.scope);
      const id = `${edit.key} ${scopeName(scope)}`;
      const before = this.row(edit.key, scope)?.value ?? null;
      if (before === null && edit.value === null) throw unknown(edit.key, scope, this.rowsOf(edit.key));
      if (before === null) added += 1;
      planned.set(id, { key: edit.key, scope, before, after: edit.value });
    }
    if (edits.length > this.#limits.editsMax || this.#size + added > this.#limits.propertiesMax) {
      throw configError(
        "CONFIG_FULL",
        edits.length > this.#limits.editsMax
          ? `one change may hold ${this.#limits.editsMax} edits, this one has ${edits.length}`
          : `there are ${this.#size} values; ${this.#limits.propertiesMax} is the most`,
        422,
        "remove what nobody reads any more",
      );
    }
    return [...planned.values()].filter((edit) => edit.before !== edit.after);
  }

  /** Takes a change over, whoever made it: it has been checked and written. */
  apply(change: Change): void {
    this.#revision = change.revision;
    for (const edit of change.edits) {
      this.#remove(edit.key, edit.scope);
      if (edit.after !== null) this.#add(rowOf(change, edit, edit.after));
    }
  }

  /** Takes rows over as they were kept, at a start. */
  restore(revision: number, rows: Iterable<PropertyRow>): void {
    this.#revision = revision;
    for (const row of rows) this.#add(row);
  }

  #add(row: PropertyRow): void {
    const rows = this.#rows.get(row.key) ?? [];
    rows.push(row);
    // Among equals the later word counts.
    rows.sort((a, b) => bySpeciality(a.scope, b.scope) || b.revision - a.revision);
    this.#rows.set(row.key, rows);
    this.#size += 1;
    if (row.scope.serverId !== undefined) this.#ofInstances += 1;
  }

  #remove(key: string, scope: PropertyScope): void {
    const name = scopeName(scope);
    const rows = this.#rows.get(key);
    const at = rows?.findIndex((row) => scopeName(row.scope) === name) ?? -1;
    if (rows === undefined || at < 0) return;
    rows.splice(at, 1);
    this.#size -= 1;
    if (scope.serverId !== undefined) this.#ofInstances -= 1;
    if (rows.length === 0) this.#rows.delete(key);
  }
}

/** The row that a change leaves behind. */
export function rowOf(change: Change, edit: AppliedEdit, value: string): PropertyRow {
  const { revision, author, atMs, reason } = change;
  return {
    propertyId: idOf(edit.key, edit.scope),
    key: edit.key,
    scope: edit.scope,
    value,
    revision,
    author,
    atMs,
    reason,
  };
}

/** The same for a key and scope as long as they are the same, also over a removal. */
function idOf(key: string, scope: PropertyScope): string {
  return createHash("sha256")
    .update(`${key} ${scopeName(scope)}`)
    .digest("hex")
    .slice(0, 16);
}

function unknown(key: string, scope: PropertyScope, rows: readonly PropertyRow[]): Error {
  const where = scopeName(scope);
  const others = rows.map((row) => scopeName(row.scope) || "everywhere").join(", ");
  return configError(
    "CONFIG_UNKNOWN",
    `${key}: has no value ${where === "" ? "that counts everywhere" : `under ${where}`}`,
    404,
    others === "" ? "holdfast config get" : `it has values under ${others}`,
  );
}
