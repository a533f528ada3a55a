import type { ActivityView, InstanceView, StatusView } from "@holdfast/wire/control";
import { curlCommand, killCommand, scaleCommand } from "./commands.ts";

/** One thing to try on a first visit. `done` comes from what the API says happened, never from a click here. */
export interface FirstStep {
  readonly title: string;
  readonly expect: string;
  readonly command: string;
  readonly done: boolean;
}

/** The steps for this stack as it is now, each with a command that works as it stands; none while nothing is deployed. */
export function firstSteps(
  status: StatusView,
  instances: readonly InstanceView[],
  activities: readonly ActivityView[],
): readonly FirstStep[] {
  const services = status.services.filter((service) => service.kind === "app");
  const target = services.find((service) => service.up > 1) ?? services[0];
  if (target === undefined) return [];
  const victim = instances.find((instance) => instance.name === target.name && instance.status === "up");
  const happened = (kind: ActivityView["kind"]): boolean =>
    activities.some((activity) => activity.kind === kind && activity.actor !== "reconciler");
  const gateway = status.services.find((service) => service.kind === "gateway");
  const steps: FirstStep[] = [
    {
      title: "Call the application",
      expect: "It answers through the edge, from whichever zone is quickest.",
      command: curlCommand(status.edge),
      done: (gateway?.requestsPerSecond ?? 0) > 0,
    },
  ];
  if (victim !== undefined) {
    steps.push({
      title: "Kill an instance",
      expect: "Callers move on at once; another takes its place in the same zone.",
      command: killCommand(victim.id),
      done: happened("kill"),
    });
  }
  steps.push({
    title: `Scale ${target.name}`,
    expect: "New instances go where there are fewest.",
    command: scaleCommand(target.name, Math.min(target.desired + 1, target.max)),
    done: happened("scale"),
  });
  return steps;
}
