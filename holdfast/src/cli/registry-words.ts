import { type LogFields, messageOf } from "@holdfast/kernel";
import { count } from "./terminal.ts";

type Words = (fields: LogFields) => string;

/** What a registry logs, for people who run one in the foreground. What has no sentence is shown with its fields. */
const sentences: Readonly<Record<string, Words>> = {
  "registry.synced": ({ instances }) => `ready: ${count(Number(instances), "instance")} known, streams are served`,
  "registry.alone": () => "no peer answers: it begins with what registers here, and asks on",
  "registry.peer.up": ({ peer }) => `peer ${textOf(peer)} is up`,
  "registry.peer.down": ({ peer, reason }) => `peer ${textOf(peer)} is down: ${textOf(reason)}`,
  "registry.peer.compared": ({ peer }) => `peer ${textOf(peer)} knows something else: comparing everything`,
  "registry.peer.garbage": ({ from, error }) => `${textOf(from)} sent what no registry says: ${messageOf(error)}`,
  "registry.removed": ({ app, instance, cause }) => `${textOf(app)}/${textOf(instance)} removed: ${textOf(cause)}`,
  "registry.evicted": ({ instances }) =>
    `${count(Number(instances), "instance")} taken out: nobody renewed the lease; /v1/registry/events says whose`,
  "registry.probed-dead": ({ app, instance, cause }) =>
    `${textOf(app)}/${textOf(instance)} is probed dead: ${textOf(cause)}`,
  "registry.eureka-peer.well": ({ peer }) => `Eureka server ${textOf(peer)} is told of every change`,
  "registry.eureka-peer.trouble": ({ peer, reason }) => `Eureka server ${textOf(peer)}: ${textOf(reason)}`,
};

/** @returns `undefined` for an event without words. */
export function registryWords(event: string, fields: LogFields): string | undefined {
  return sentences[event]?.(fields);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : String(value);
}
