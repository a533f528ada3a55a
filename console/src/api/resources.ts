import type { ActivityView, InstanceView, MetricPoint, OperationView, StatusView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";
import { activitiesMax, mergeActivities } from "./merge.ts";

/** What the page reads from control. The first three are fed by the event stream as well. */

export const statusResource = queryOptions({
  queryKey: ["status"],
  queryFn: () => call<StatusView>("GET", ControlPaths.status),
});

export const instancesResource = queryOptions({
  queryKey: ["instances"],
  queryFn: () => call<readonly InstanceView[]>("GET", ControlPaths.instances),
});

export const activitiesResource = queryOptions({
  queryKey: ["activities"],
  queryFn: async () =>
    mergeActivities(
      undefined,
      await call<readonly ActivityView[]>("GET", `${ControlPaths.activities}?limit=${activitiesMax}`),
    ),
});

/** Control closes a minute at a time, so twice a minute is fresh enough. */
export const metricsResource = (service: string) =>
  queryOptions({
    queryKey: ["metrics", service],
    queryFn: () => call<readonly MetricPoint[]>("GET", ControlPaths.metrics(service)),
    refetchInterval: 30_000,
  });

/** A rolling operation, followed until it has ended. */
export const operationResource = (id: string) =>
  queryOptions({
    queryKey: ["operation", id],
    queryFn: () => call<OperationView>("GET", ControlPaths.operation(id)),
    refetchInterval: (query) =>
      query.state.data === undefined || query.state.data.state === "running" ? 1_000 : false,
  });
