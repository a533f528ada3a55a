import type { DiscoveryEvents, DiscoveryInstances, DiscoveryView, DiscoveryWhy } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

/** What the registries say. Control asks them when it is asked, so these are polled; the past does not change. */

const nowEveryMs = 2_000;

function withQuery(path: string, fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

/** `at`: a time or a cursor; absent: now. */
export const discoveryResource = (at: string | undefined) =>
  queryOptions({
    queryKey: ["discovery", at ?? null],
    queryFn: () => call<DiscoveryView>("GET", withQuery(ControlPaths.discovery, { at })),
    refetchInterval: at === undefined ? nowEveryMs : false,
    staleTime: at === undefined ? nowEveryMs : Number.POSITIVE_INFINITY,
  });

export const discoveryAppResource = (app: string, at: string | undefined) =>
  queryOptions({
    queryKey: ["discovery-app", app, at ?? null],
    queryFn: () => call<DiscoveryInstances>("GET", withQuery(ControlPaths.discoveryInstances, { app, at })),
    refetchInterval: at === undefined ? nowEveryMs : false,
    staleTime: at === undefined ? nowEveryMs : Number.POSITIVE_INFINITY,
  });

/** `app`: only of that app; `registry`: whose log, absent: of one that answers; `limit`: the latest so many. */
export const discoveryEventsResource = (asked: {
  readonly app: string | undefined;
  readonly registry: string | undefined;
  readonly limit: number;
}) =>
  queryOptions({
    queryKey: ["discovery-events", asked],
    queryFn: () => {
      const { app, registry, limit } = asked;
      return call<DiscoveryEvents>(
        "GET",
        withQuery(ControlPaths.discoveryEvents, { app, registry, limit: String(limit) }),
      );
    },
    refetchInterval: nowEveryMs,
    staleTime: nowEveryMs,
    // Whoever asks for more, or of another registry, goes on seeing what there was.
    placeholderData: keepPreviousData,
  });

export const whyResource = (app: string, id: string) =>
  queryOptions({
    queryKey: ["discovery-why", app, id],
    queryFn: () => call<DiscoveryWhy>("GET", ControlPaths.why(app, id)),
    refetchInterval: nowEveryMs,
    staleTime: nowEveryMs,
  });
