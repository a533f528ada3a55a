import { PlatformError } from "@holdfast/kernel";
import { type DeploymentContext, type PropertyScopeKey, propertyScopeKeys } from "@holdfast/wire";

/** One row of Archaius's persisted properties: a value for those whose deployment context fits. */
export type ScopedRow = { readonly key: string; readonly value: string } & Readonly<
  Partial<Record<PropertyScopeKey, string>>
>;

const rowsMax = 200_000;

/** `{"propertiesList":[…]}` of Archaius's persisted source. @throws PlatformError `CONFIG_SOURCE_FAILED` */
export function readRows(text: string): readonly ScopedRow[] {
  const unfit = (why: string): PlatformError =>
    new PlatformError("CONFIG_SOURCE_FAILED", `propertiesList: ${why}`, { status: 502 });
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw unfit("is no JSON");
  }
  const list: unknown =
    typeof read === "object" && read !== null && "propertiesList" in read ? read.propertiesList : undefined;
  if (!Array.isArray(list)) throw unfit("is missing");
  if (list.length > rowsMax) throw unfit(`has more than ${rowsMax} rows`);
  return list.map((row: unknown, i) => {
    if (typeof row !== "object" || row === null) throw unfit(`row ${i} is no object`);
    const { key, value } = row as Record<string, unknown>;
    if (typeof key !== "string" || typeof value !== "string") throw unfit(`row ${i} has no key or no value`);
    return row as ScopedRow;
  });
}

/** How special a row is: the place of its strongest scope counts most; −1: it is for others. */
export function rank(row: Readonly<Record<string, unknown>>, context: DeploymentContext): number {
  let score = 0;
  for (const [i, scope] of propertyScopeKeys.entries()) {
    const wanted = row[scope];
    if (typeof wanted !== "string" || wanted === "") continue;
    const own = (context[scope] ?? "").toLowerCase();
    if (
      !wanted
        .toLowerCase()
        .split(",")
        .some((one) => one.trim() === own)
    )
      return -1;
    score += 2 ** (propertyScopeKeys.length - i);
  }
  return score;
}

/** Of all rows those that count for a context: for each key the most special one, of equals the last. */
export function effectiveRows(rows: readonly ScopedRow[], context: DeploymentContext): ReadonlyMap<string, ScopedRow> {
  const best = new Map<string, ScopedRow>();
  const ranks = new Map<string, number>();
  for (const row of rows) {
    const own = rank(row, context);
    if (own < 0 || own < (ranks.get(row.key) ?? 0)) continue;
    best.set(row.key, row);
    ranks.set(row.key, own);
  }
  return best;
}
