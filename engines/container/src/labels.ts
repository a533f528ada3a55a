import type { LaunchSpec } from "@holdfast/wire";
import type { ContainerSummary } from "./docker/docker-types.ts";

/** What a container of ours carries: enough to be known, and taken over whole, by whoever finds it. */
export const Labels = {
  /** Which stack's agents look after it. */
  stack: "io.holdfast.stack",
  zone: "io.holdfast.zone",
  instance: "io.holdfast.instance",
  service: "io.holdfast.service",
  /** The whole launch order as JSON. */
  spec: "io.holdfast.spec",
} as const;

/** Labels by which all containers of one agent are found. */
export function ownLabels(stack: string, zone: string): Readonly<Record<string, string>> {
  return { [Labels.stack]: stack, [Labels.zone]: zone };
}

export function labelsOf(stack: string, spec: LaunchSpec): Readonly<Record<string, string>> {
  return {
    ...ownLabels(stack, spec.zone.name),
    [Labels.instance]: spec.id,
    [Labels.service]: spec.service,
    [Labels.spec]: JSON.stringify(spec),
  };
}

/** The launch order a container carries; `undefined` when it carries none that can be read. */
export function specOf({ Labels: labels }: Pick<ContainerSummary, "Labels">): LaunchSpec | undefined {
  try {
    const spec: LaunchSpec = JSON.parse(labels?.[Labels.spec] ?? "");
    return typeof spec.id === "string" && spec.id === labels?.[Labels.instance] ? spec : undefined;
  } catch {
    return undefined;
  }
}

/** The container of an instance: ids are never used twice, so the name says whether it was started already. */
export function containerName(id: string): string {
  return `holdfast-${id}`;
}
