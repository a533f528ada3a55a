import { type DeploymentContext, type PropertyScope, type PropertyScopeKey, propertyScopeKeys } from "@holdfast/wire";
import { configError } from "./errors.ts";

const listCharsMax = 1_024;

/**
 * A scope as it is kept: lower case, no blanks, lists sorted and without doubles, in the order of the scopes' weight. Two
 * scopes that mean the same have one form. Empty values count as absent.
 *
 * @throws PlatformError `CONFIG_SCOPE_INVALID` for an unknown key or a list of more than 1,024 characters.
 */
export function normalScope(scope: PropertyScope): PropertyScope {
  for (const key of Object.keys(scope)) {
    if (!isScopeKey(key)) throw invalid(`${key}: no such scope; known: ${propertyScopeKeys.join(", ")}`);
  }
  const normal: Partial<Record<PropertyScopeKey, string>> = {};
  for (const key of propertyScopeKeys) {
    const values = listOf(scope[key]);
    if (values.length === 0) continue;
    const text = [...new Set(values)].toSorted().join(",");
    if (text.length > listCharsMax) throw invalid(`${key}: its list is longer than ${listCharsMax} characters`);
    normal[key] = text;
  }
  return normal;
}

/** The name of a normal scope; empty for the one that counts everywhere. `env=prod;region=r1,r2`. */
export function scopeName(scope: PropertyScope): string {
  const parts: string[] = [];
  for (const key of propertyScopeKeys) if (scope[key] !== undefined) parts.push(`${key}=${scope[key]}`);
  return parts.join(";");
}

/** Whether a value under the normal `scope` counts for who is `context` (normal, too; its lists match by any part). */
export function scopeMatches(scope: PropertyScope, context: DeploymentContext): boolean {
  for (const key of propertyScopeKeys) {
    const wanted = scope[key];
    if (wanted === undefined) continue;
    const actual = context[key];
    if (actual === undefined) return false;
    if (actual !== wanted && !sharesOne(wanted, actual)) return false;
  }
  return true;
}

/**
 * Below zero when `a` is more special than `b`: at the strongest scope in which they differ, one that narrows goes before
 * one that does not, and a shorter list before a longer one.
 */
export function bySpeciality(a: PropertyScope, b: PropertyScope): number {
  for (const key of propertyScopeKeys) {
    const lengthA = listLength(a[key]);
    const lengthB = listLength(b[key]);
    if (lengthA !== lengthB) return lengthA - lengthB;
  }
  return 0;
}

/** The strongest scope in which two scopes differ in {@link bySpeciality}'s eyes. */
export function decidingScope(a: PropertyScope, b: PropertyScope): PropertyScopeKey | undefined {
  return propertyScopeKeys.find((key) => listLength(a[key]) !== listLength(b[key]));
}

function listLength(list: string | undefined): number {
  if (list === undefined) return Number.POSITIVE_INFINITY;
  let length = 1;
  for (let i = list.indexOf(","); i >= 0; i = list.indexOf(",", i + 1)) length += 1;
  return length;
}

function sharesOne(wanted: string, actual: string): boolean {
  if (!wanted.includes(",") && !actual.includes(",")) return false;
  const values = wanted.split(",");
  return actual.split(",").some((value) => values.includes(value));
}

function listOf(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((value) => value.trim().toLowerCase())
    .filter((value) => value !== "");
}

function isScopeKey(key: string): key is PropertyScopeKey {
  return propertyScopeKeys.some((known) => known === key);
}

function invalid(message: string): Error {
  return configError("CONFIG_SCOPE_INVALID", message, 400);
}
