import type { ServerGroupView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

const everyMs = 2_000;

/** Every server group of every cluster, with its instances. */
export const groupsResource = queryOptions({
  queryKey: ["groups"],
  queryFn: () => call<readonly ServerGroupView[]>("GET", ControlPaths.groups),
  refetchInterval: everyMs,
  staleTime: everyMs,
});
