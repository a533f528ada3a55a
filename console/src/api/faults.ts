import type { FaultsView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

const everyMs = 1_000;

/** Faults of the network in force, and what this stack can do. Each is there for seconds: asked each second. */
export const faultsResource = queryOptions({
  queryKey: ["faults"],
  queryFn: () => call<FaultsView>("GET", ControlPaths.faults),
  refetchInterval: everyMs,
  staleTime: everyMs,
});
