import { propertyScopeKeys } from "@holdfast/wire";
import type { ConfigChangeView, ConfigListenerView, ConfigPropertyView, ConfigStageView } from "@holdfast/wire/control";
import { quoted } from "../../lib/quoted.ts";

type Scope = ConfigPropertyView["scope"];

/** The words that people say for Archaius's scopes. */
const words: Readonly<Record<string, string>> = { appId: "service", serverId: "instance", asg: "group" };

/** One part of a scope, as a chip says it. */
export interface ScopePart {
  readonly name: string;
  readonly value: string;
}

export function scopeParts(scope: Scope): readonly ScopePart[] {
  return propertyScopeKeys.flatMap((key) => {
    const value = scope[key];
    return value === undefined ? [] : [{ name: words[key] ?? key, value }];
  });
}

/** What one types: `service=ratings env=prod`. Unknown names stay, so that control can say what is wrong with them. */
export function readScopeText(text: string): Record<string, string> {
  const keys = new Map(Object.entries(words).map(([key, word]) => [word, key]));
  const scope: Record<string, string> = {};
  for (const part of text.split(/[\s;]+/)) {
    const [name = "", ...rest] = part.split("=");
    if (name === "" || rest.length === 0) continue;
    scope[keys.get(name) ?? name] = rest.join("=");
  }
  return scope;
}

export function scopeText(scope: Scope): string {
  return scopeParts(scope)
    .map(({ name, value }) => `${name}=${value}`)
    .join(" ");
}

/** `looks` is in the key, the value, the scope, the author or the reason. */
export function matches(property: ConfigPropertyView, find: string): boolean {
  const { key, value, scope, author, reason } = property;
  return `${key} ${value} ${scopeText(scope)} ${author} ${reason}`.toLowerCase().includes(find.toLowerCase());
}

/** How a value is to be brought to those it is for. */
export type Manner = { readonly kind: "at-once" | "shares" } | { readonly kind: "zone"; readonly zone: string };

/** What a form asks for, as the command that does the same. */
export function setCommand(
  key: string,
  value: string | null,
  scope: Record<string, string>,
  manner: Manner,
  reason: string,
): string {
  const scopes = scopeParts(scope).map(({ name, value: part }) => ` -s ${quoted(`${name}=${part}`)}`);
  const why = reason === "" ? "" : ` --reason ${quoted(reason)}`;
  const verb = manner.kind === "at-once" ? "set" : "stage";
  const steps = manner.kind === "zone" ? ` --steps ${quoted(`zone:${manner.zone}`)}` : "";
  const what = value === null ? " --remove" : ` ${quoted(value)}`;
  return `npx holdfast config ${verb} ${quoted(key)}${what}${scopes.join("")}${steps}${why}`;
}

/** What a change did, in few words. */
export function changeWords(change: ConfigChangeView): string {
  switch (change.kind) {
    case "set":
      return change.edits.length === 1 ? "set" : `${change.edits.length} values`;
    case "rollback":
      return change.rollback ?? "rolled back";
    case "secret":
      return `secret ${change.secret?.name ?? ""} ${change.secret?.after === null ? "removed" : "changed"}`;
    case "stage-started":
      return "trial begun";
    case "stage-advanced":
      return "trial went on";
    case "stage-reverted":
      return "trial taken back";
    case "stage-completed":
      return "trial passed";
    default:
      return change.kind satisfies never;
  }
}

/** How many instances of a service listen, and the least that one was told of. */
export interface ServiceListening {
  readonly service: string;
  readonly instances: number;
  readonly listening: number;
  readonly revision: number | null;
  readonly silent: readonly string[];
}

export function listeningByService(listeners: readonly ConfigListenerView[]): readonly ServiceListening[] {
  const groups = Map.groupBy(listeners, ({ service }) => service);
  return [...groups].map(([service, all]) => {
    const heard = all.filter(({ listening }) => listening);
    const revisions = heard.flatMap(({ revision }) => (revision === null ? [] : [revision]));
    return {
      service,
      instances: all.length,
      listening: heard.length,
      revision: revisions.length === 0 ? null : Math.min(...revisions),
      silent: all.filter(({ listening }) => !listening).map(({ instance }) => instance),
    };
  });
}

/** Running ones, and the three that ended last. */
export function shownTrials(stages: readonly ConfigStageView[]): readonly ConfigStageView[] {
  const running = stages.filter(({ state }) => state === "running");
  return [...running, ...stages.filter(({ state }) => state !== "running").slice(0, 3)];
}
