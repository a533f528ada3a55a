import type { ActivityView, InstanceView, StatusView } from "@holdfast/wire/control";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useLiveState } from "./live.ts";
import { activitiesResource, instancesResource, statusResource } from "./resources.ts";

/** While the event stream is down the page asks by itself, so often, in ms. */
const pollMs = 5_000;

export function useStatus(): UseQueryResult<StatusView> {
  return useQuery({ ...statusResource, refetchInterval: usePollMs() });
}

export function useInstances(): UseQueryResult<readonly InstanceView[]> {
  return useQuery({ ...instancesResource, refetchInterval: usePollMs() });
}

export function useActivities(): UseQueryResult<readonly ActivityView[]> {
  return useQuery({ ...activitiesResource, refetchInterval: usePollMs() });
}

function usePollMs(): number | false {
  const { kind } = useLiveState();
  return kind === "live" || kind === "resting" ? false : pollMs;
}
