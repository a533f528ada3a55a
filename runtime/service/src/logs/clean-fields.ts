import { maskedValue } from "@holdfast/config";
import type { LogFields } from "@holdfast/kernel";
import { cleanText } from "./clean-text.ts";
import type { SecretValues } from "./secret-values.ts";

const depthMax = 6;
/** Of all fields of a line together; a cycle ends here as well. */
const nodesMax = 500;
const listMax = 100;

/** One line being made. */
interface Pass {
  nodesLeft: number;
  readonly secrets: SecretValues;
}

/**
 * `fields` as a line may show them: plain data, secrets masked (by the name of the field, by what a text looks like, and values
 * known to be secret), errors as
 * `{code, message, cause}`, long texts cut, deep and large structures, cycles included, cut short. Never throws.
 *
 * @param but fields of these names are left out.
 */
export function cleanFields(
  fields: LogFields,
  secrets: SecretValues,
  into: Record<string, unknown> = {},
  but?: LogFields,
): Record<string, unknown> {
  const pass: Pass = { nodesLeft: nodesMax, secrets };
  for (const key of keysOf(fields)) {
    if (but !== undefined && has(but, key)) continue;
    const cleaned = cleanField(fields, key, 0, pass);
    if (cleaned !== undefined) into[secrets.names.of(key).text] = cleaned;
  }
  return into;
}

function cleanField(owner: object, key: string, depth: number, pass: Pass): unknown {
  let value: unknown;
  try {
    value = (owner as Record<string, unknown>)[key];
  } catch {
    return "[unreadable]";
  }
  if (typeof value === "boolean" || value === undefined || value === null) return value;
  return pass.secrets.names.of(key).isSecret ? maskedValue : clean(value, depth, pass);
}

function clean(value: unknown, depth: number, pass: Pass): unknown {
  switch (typeof value) {
    case "string":
      return cleanText(value, pass.secrets);
    case "number":
      return Number.isFinite(value) && !pass.secrets.hasNumber(value) ? value : cleanText(String(value), pass.secrets);
    case "bigint":
      return cleanText(String(value), pass.secrets);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : cleanObject(value, depth, pass);
    case "function":
    case "symbol":
    case "undefined":
      return undefined;
  }
}

function cleanObject(value: object, depth: number, pass: Pass): unknown {
  pass.nodesLeft -= 1;
  if (depth >= depthMax || pass.nodesLeft < 0) return "[…]";
  try {
    if (value instanceof Error) return cleanError(value, depth, pass);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const shown: unknown = value.toJSON();
      return typeof shown === "object" && shown !== null ? cleanMembers(shown, depth, pass) : clean(shown, depth, pass);
    }
    if (value instanceof Map) return cleanMembers(Object.fromEntries(value), depth, pass);
    if (value instanceof Set) return cleanMembers([...value], depth, pass);
    return cleanMembers(value, depth, pass);
  } catch {
    return "[unreadable]";
  }
}

function cleanMembers(value: object, depth: number, pass: Pass): unknown {
  if (Array.isArray(value)) return cleanList(value, depth, pass);
  const cleaned: Record<string, unknown> = {};
  for (const key of keysOf(value)) {
    pass.nodesLeft -= 1;
    if (pass.nodesLeft < 0) {
      cleaned["…"] = "more";
      break;
    }
    const member = cleanField(value, key, depth + 1, pass);
    if (member !== undefined) cleaned[pass.secrets.names.of(key).text] = member;
  }
  return cleaned;
}

function cleanList(list: readonly unknown[], depth: number, pass: Pass): unknown {
  const cleaned: unknown[] = [];
  for (const one of list) {
    pass.nodesLeft -= 1;
    if (pass.nodesLeft < 0 || cleaned.length >= listMax) {
      cleaned.push(`… (${list.length} in all)`);
      break;
    }
    cleaned.push(clean(one, depth + 1, pass) ?? null);
  }
  return cleaned;
}

/** Errors of ours and of the system have a code and say what is wrong; one without is a bug, and its stack says where. */
function cleanError(error: Error, depth: number, pass: Pass): unknown {
  const code = "code" in error ? clean(error.code, depth + 1, pass) : undefined;
  const cause = error.cause === undefined ? undefined : clean(error.cause, depth + 1, pass);
  const stack = code === undefined && error.stack !== undefined ? cleanText(error.stack, pass.secrets) : undefined;
  return { code, message: cleanText(error.message, pass.secrets), cause, stack };
}

function has(fields: LogFields, key: string): boolean {
  try {
    return fields[key] !== undefined;
  } catch {
    return true;
  }
}

function keysOf(value: object): string[] {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
}
