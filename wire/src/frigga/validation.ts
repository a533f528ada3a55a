import { PlatformError } from "@holdfast/kernel";
import { hasLineBreak, nameChars, nameHyphenChars, pushFormat } from "./characters.ts";

type Text = string | null | undefined;

const namePattern = new RegExp(`^[${nameChars}]+$`);
const hyphenPattern = new RegExp(`^[${nameHyphenChars}]+$`);
const endsWithPush = new RegExp(`${pushFormat}$`);
const hasPush = new RegExp(`(?:^|-)${pushFormat}(?:-|$)`);
const hasVariable = /(?:^|-)[cdhpruwz]0[a-zA-Z0-9]/;

/** True for letters, digits, dots and underscores, at least one. */
export function checkName(name: Text): boolean {
  return typeof name === "string" && namePattern.test(name);
}

/** True for what a detail may be: also hyphens, `~` and `^`. */
export function checkNameWithHyphen(name: Text): boolean {
  return typeof name === "string" && hyphenPattern.test(name);
}

/** True for a name that ends like a version (`v001`) or has a part that reads like a labelled variable (`c0us`). */
export function usesReservedFormat(name: Text): boolean {
  return typeof name === "string" && !hasLineBreak(name) && (endsWithPush.test(name) || hasVariable.test(name));
}

/** True when one of the parts of `name` between hyphens is a version. */
export function containsPush(name: string): boolean {
  return hasPush.test(name);
}

/**
 * The value itself.
 *
 * @throws PlatformError `NAME_EMPTY` when there is none.
 */
export function notEmpty(value: Text, variableName: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new PlatformError("NAME_EMPTY", `${variableName} must not be empty`, {
    next: `give ${variableName} a value of letters, digits, dots and underscores`,
    details: { variableName },
    status: 400,
  });
}
