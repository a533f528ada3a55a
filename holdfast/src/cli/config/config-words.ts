import { userInfo } from "node:os";
import { OptionError } from "@holdfast/kernel";
import { type PropertyScope, type PropertyScopeKey, propertyScopeKeys } from "@holdfast/wire";
import type { ConfigEditView } from "@holdfast/wire/control";
import type { StackOptions } from "../context.ts";

/** Options of every command that changes something. */
export interface ToldFlags extends StackOptions {
  readonly reason?: string;
  readonly author?: string;
}

export interface ScopeFlags {
  readonly scope?: readonly string[];
}

/** Words of this house beside Archaius's. */
const otherNames: Readonly<Record<string, PropertyScopeKey>> = {
  service: "appId",
  instance: "serverId",
  group: "asg",
  environment: "env",
};

/**
 * `--scope service=ratings --scope env=prod,test`.
 *
 * @throws OptionError for what is no scope.
 */
export function readScope(given: readonly string[] = []): PropertyScope {
  const scope: Partial<Record<PropertyScopeKey, string>> = {};
  for (const text of given) {
    const [name = "", ...rest] = text.split("=");
    const value = rest.join("=");
    const wanted = name.trim().toLowerCase();
    const key = otherNames[wanted] ?? propertyScopeKeys.find((known) => known.toLowerCase() === wanted);
    if (key === undefined || value.trim() === "") {
      const known = [...Object.keys(otherNames), ...propertyScopeKeys].join(", ");
      throw new OptionError("--scope", `name=value, its name one of ${known}`, text);
    }
    scope[key] = value;
  }
  return scope;
}

/** `service=ratings region=east`; `everywhere`. */
export function scopeText(scope: PropertyScope): string {
  const words: Readonly<Record<string, string>> = { appId: "service", serverId: "instance", asg: "group" };
  const parts = propertyScopeKeys.flatMap((key) =>
    scope[key] === undefined ? [] : [`${words[key] ?? key}=${scope[key]}`],
  );
  return parts.length === 0 ? "everywhere" : parts.join(" ");
}

/** Who asks, and why; the person's own name unless another one is given. */
export function toldOf(flags: ToldFlags): { readonly author?: string; readonly reason: string } {
  const author = flags.author ?? ownName();
  return { ...(author === undefined ? {} : { author }), reason: flags.reason ?? "" };
}

function ownName(): string | undefined {
  try {
    return userInfo().username || undefined;
  } catch {
    // A user without an entry, as in some containers.
    return undefined;
  }
}

/** A value on one line, cut where it would fill the screen. */
export function short(value: string | null, max = 48): string {
  if (value === null) return "–";
  const line = JSON.stringify(value).slice(1, -1);
  const text = line === "" ? '""' : line;
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

/** `limit: 10 → 5 (env=prod)`. */
export function editText({ key, scope, before, after }: ConfigEditView): string {
  return `${key}: ${short(before)} → ${short(after)} (${scopeText(scope)})`;
}

/** `2026-01-02 03:04:05`, in local time. */
export function timeText(iso: string): string {
  const date = new Date(iso);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
