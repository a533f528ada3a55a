import type { GroupInstanceView, ServerGroupView } from "@holdfast/wire/control";
import type { Tone } from "../../lib/tone.ts";

/** The groups of one cluster, the newest first. */
export interface ClusterRows {
  readonly name: string;
  readonly service: string;
  readonly groups: readonly ServerGroupView[];
}

/** By cluster: the application's by name, then the platform's. `find` looks at names, states, images and instances. */
export function clustersOf(groups: readonly ServerGroupView[], find: string): readonly ClusterRows[] {
  const needle = find.trim().toLowerCase();
  const found = groups.filter((group) => textOf(group).includes(needle));
  const clusters = Map.groupBy(found, ({ cluster }) => cluster);
  return [...clusters]
    .map(([name, of]) => ({
      name,
      service: of[0]?.service ?? name,
      groups: of.toSorted((a, b) => (b.sequence ?? -1) - (a.sequence ?? -1) || b.createdAt.localeCompare(a.createdAt)),
    }))
    .toSorted((a, b) => Number(isOurs(a)) - Number(isOurs(b)) || a.name.localeCompare(b.name));
}

function isOurs({ groups }: ClusterRows): boolean {
  return groups[0]?.application === "holdfast";
}

function textOf({ name, service, state, image, reason, instances }: ServerGroupView): string {
  return [name, service, state, image, reason, ...instances.map(({ id }) => id)].join(" ").toLowerCase();
}

/** Whether what is, is what should be. */
export function toneOfGroup({ state, up, desired, paused, reason }: ServerGroupView): Tone {
  if (state === "destroying") return "idle";
  if (paused !== "") return "warn";
  if (up < desired) return up === 0 ? "bad" : "warn";
  if (state === "disabled") return "idle";
  return reason === "" ? "good" : "warn";
}

export const stateWords: Readonly<Record<ServerGroupView["state"], string>> = {
  enabled: "traffic on",
  disabled: "no traffic",
  destroying: "ending",
};

export function toneOfInstance({ lifecycle, status }: GroupInstanceView): Tone {
  if (status === "unhealthy") return "warn";
  if (lifecycle === "InService") return status === "up" ? "good" : "busy";
  if (lifecycle.startsWith("Pending")) return "busy";
  return "idle";
}

/** The last part of an image's path, as it is known by: the first dozen of its digest. */
export function shortImage(image: string): string {
  const last = image.split("/").findLast((part) => part !== "") ?? image;
  return /^[0-9a-f]{20,}$/.test(last) ? last.slice(0, 12) : last;
}

/** The most that zones differ in instances; groups do not span more zones than they have instances. */
export function spreadOf({ zones }: ServerGroupView): number {
  const counts = Object.values(zones);
  return counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts);
}

/** What can be asked of a group. */
export type GroupAct =
  | { readonly kind: "resize" }
  | { readonly kind: "clone" }
  | { readonly kind: "enable" | "disable" | "destroy" | "refresh" | "cancel" | "rollback" | "continue" }
  | { readonly kind: "standby" | "in-service" | "protect" | "unprotect" | "shrink"; readonly instance: string };

/** Where it is posted, what the request says, the same as a command. */
export interface Posting {
  readonly act: string;
  readonly body: unknown;
  readonly command: string;
}

export interface ActFields {
  readonly min: number;
  readonly desired: number;
  readonly max: number;
  readonly traffic: boolean;
  readonly force: boolean;
  readonly minHealthy: number;
}

export function postingOf(name: string, act: GroupAct, fields: ActFields): Posting {
  const command = (words: string): string => `npx holdfast group ${words}`;
  const force = fields.force ? " --force" : "";
  switch (act.kind) {
    case "resize": {
      const { min, desired, max } = fields;
      const said = `resize ${name} ${desired} --min ${min} --max ${max}`;
      return { act: "resize", body: { min, desired, max }, command: command(said) };
    }
    case "clone": {
      const { traffic } = fields;
      const said = `clone ${name}${traffic ? "" : " --no-traffic"}`;
      return { act: "clone", body: { traffic }, command: command(said) };
    }
    case "enable":
      return { act: "enable", body: undefined, command: command(`enable ${name}`) };
    case "disable":
    case "destroy":
      return { act: act.kind, body: { force: fields.force }, command: command(`${act.kind} ${name}${force}`) };
    case "refresh": {
      const { minHealthy } = fields;
      const body = { minHealthyPercentage: minHealthy, autoRollback: true };
      return { act: "refresh", body, command: command(`refresh ${name} --min-healthy ${minHealthy} --auto-rollback`) };
    }
    case "cancel":
    case "rollback":
      return { act: `refresh/${act.kind}`, body: undefined, command: command(`refresh ${name} --${act.kind}`) };
    case "continue":
      return { act: "continue", body: undefined, command: command(`continue ${name}`) };
    case "shrink":
      return { act: "shrink", body: { instance: act.instance }, command: command(`shrink ${name} ${act.instance}`) };
    case "standby":
      return ofInstance("standby", {}, `standby ${name} ${act.instance}`);
    case "in-service":
      return ofInstance("in-service", {}, `standby ${name} ${act.instance} --exit`);
    case "protect":
      return ofInstance("protect", { protected: true }, `protect ${name} ${act.instance}`);
    case "unprotect":
      return ofInstance("protect", { protected: false }, `protect ${name} ${act.instance} --off`);
    default:
      return act satisfies never;
  }

  function ofInstance(path: string, more: object, words: string): Posting {
    const instance = "instance" in act ? act.instance : "";
    return { act: path, body: { instances: [instance], ...more }, command: command(words) };
  }
}

/** What happens, in one sentence for who is about to ask for it. */
export function whatHappens(group: ServerGroupView, act: GroupAct): string {
  const { name, cluster } = group;
  switch (act.kind) {
    case "resize":
      return "More start in the zones that have fewest, or some finish their requests and stop where there are most.";
    case "clone":
      return `The next group of ${cluster} starts beside ${name}, of the same size and with what it runs.`;
    case "enable":
      return "Its instances are told to every caller, and it launches and replaces again.";
    case "disable":
      return "Callers stop choosing its instances; they run on, and it launches and ends nobody until it is enabled.";
    case "destroy":
      return "All its instances finish their requests and end, and then the group is no more.";
    case "refresh":
      return "Each instance is replaced by a new one of the same image; an old one ends when the new one serves.";
    case "cancel":
      return "What is replaced stays so; nothing more is.";
    case "rollback":
      return "It goes back, in the same steps, to what it ran before.";
    case "continue":
      return "The rollout goes on without the zones that are lost now.";
    case "shrink":
      return "It finishes its requests and ends; the group wants one less.";
    case "standby":
      return "Callers stop choosing it; it runs on to be looked at, and another takes its place.";
    case "in-service":
      return "Callers choose it again.";
    case "protect":
      return "Scale-in does not choose it.";
    case "unprotect":
      return "Scale-in may choose it again.";
    default:
      return act satisfies never;
  }
}
