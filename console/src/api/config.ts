import type {
  ConfigChangeView,
  ConfigExplainAnswer,
  ConfigListenerView,
  ConfigStageView,
  ConfigView,
} from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

const everyMs = 2_000;
const polled = { refetchInterval: everyMs, staleTime: everyMs } as const;

/** Every value, by key and scope. Its key begins with `config`, as all of this file's: a change makes all of them old. */
export const configResource = queryOptions({
  queryKey: ["config", "properties"],
  queryFn: () => call<ConfigView>("GET", `${ControlPaths.configProperties}?limit=10000`),
  ...polled,
});

export const configStagesResource = queryOptions({
  queryKey: ["config", "stages"],
  queryFn: () => call<readonly ConfigStageView[]>("GET", ControlPaths.configStages),
  ...polled,
});

export const configListenersResource = queryOptions({
  queryKey: ["config", "listeners"],
  queryFn: () => call<readonly ConfigListenerView[]>("GET", ControlPaths.configInstances),
  ...polled,
});

/** What was changed, newest first; of one key, or of all (empty). */
export function configHistoryResource(key: string) {
  const query = new URLSearchParams({ limit: "50", ...(key === "" ? {} : { key }) });
  return queryOptions({
    queryKey: ["config", "history", key],
    queryFn: () => call<readonly ConfigChangeView[]>("GET", `${ControlPaths.configChanges}?${query.toString()}`),
    ...polled,
  });
}

/** Why a key has the value it has for an instance; for somebody without any scope when none is named. */
export function configExplainResource(key: string, instance: string) {
  const query = new URLSearchParams({ key, ...(instance === "" ? {} : { instance }) });
  return queryOptions({
    queryKey: ["config", "explain", key, instance],
    queryFn: () => call<ConfigExplainAnswer>("GET", `${ControlPaths.configExplain}?${query.toString()}`),
    ...polled,
  });
}
