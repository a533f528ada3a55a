import type { CapacityView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

const everyMs = 2_000;

/** Hosts with what they have and carry, and who waits for room. */
export const capacityResource = queryOptions({
  queryKey: ["capacity"],
  queryFn: () => call<CapacityView>("GET", ControlPaths.capacity),
  refetchInterval: everyMs,
  staleTime: everyMs,
});
