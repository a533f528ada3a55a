import {
  discoveryEventsSchema,
  discoveryInstancesSchema,
  discoveryViewSchema,
  discoveryWhySchema,
  setOverrideRequestSchema,
} from "@holdfast/wire/control";
import { z } from "zod";
import type { Discovery } from "../../discovery/discovery.ts";
import type { Call, Route } from "./route.ts";

/** Instance ids of Eureka's clients: `host:app:port`, and longer. */
const text = z.string().min(1).max(512);
const app = text.transform((name) => name.toLowerCase());
const at = text.optional().describe("As it was: an ISO 8601 time or a registry's cursor (peer:epoch:sequence).");
const instancesQuery = z.object({ app: app.optional(), at });
const eventsQuery = z.object({
  app: app.optional(),
  id: text.optional(),
  limit: z.coerce.number<string>().int().min(1).max(1_000).optional().describe("The latest so many; default 200."),
  registry: text.optional().describe("Whose log; default: of one that answers."),
});

/** Discovery: passed on to a registry that answers, with what all of them say side by side. */
export function discoveryRoutes({ discovery }: { readonly discovery: Discovery }, actor: string): Route[] {
  return [...readRoutes(discovery), ...overrideRoutes(discovery, actor)];
}

function readRoutes(discovery: Discovery): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/discovery",
      operationId: "getDiscovery",
      summary: "All registries side by side, whether they agree, and the apps by zone and status",
      query: z.object({ at }),
      status: 200,
      answer: { schema: discoveryViewSchema },
      codes: ["HISTORY_GONE", "QUERY_INVALID", "REGISTRY_UNREACHABLE"],
      handle: ({ query }) => discovery.view((query as { at?: string }).at),
    },
    {
      method: "GET",
      path: "/v1/discovery/instances",
      operationId: "listDiscoveryInstances",
      summary: "Instances as callers see them, or saw them at a moment; those of one app with their leases",
      query: instancesQuery,
      status: 200,
      answer: { schema: discoveryInstancesSchema },
      codes: ["HISTORY_GONE", "QUERY_INVALID", "REGISTRY_UNREACHABLE"],
      handle: ({ query }) => {
        const asked = query as z.output<typeof instancesQuery>;
        return discovery.instances(asked.app, asked.at);
      },
    },
    {
      method: "GET",
      path: "/v1/discovery/instances/{app}/{id}/why",
      operationId: "whyInstance",
      summary: "Why callers see an instance as they do, or do not see it",
      status: 200,
      answer: { schema: discoveryWhySchema },
      codes: ["INSTANCE_UNKNOWN", "REGISTRY_UNREACHABLE"],
      handle: (call) => discovery.why(...named(call)),
    },
    {
      method: "GET",
      path: "/v1/discovery/events",
      operationId: "listDiscoveryEvents",
      summary: "What happened at one registry, oldest first: registrations, changes, evictions, overrides, by whom",
      query: eventsQuery,
      status: 200,
      answer: { schema: discoveryEventsSchema },
      codes: ["REGISTRY_UNKNOWN", "REGISTRY_UNREACHABLE"],
      handle: ({ query }) => discovery.events(query as z.output<typeof eventsQuery>),
    },
  ];
}

function overrideRoutes(discovery: Discovery, actor: string): Route[] {
  return [
    {
      method: "PUT",
      path: "/v1/discovery/overrides/{app}/{id}",
      operationId: "setOverride",
      summary: "An operator's word on an instance's status, which outweighs its own UP",
      body: setOverrideRequestSchema,
      status: 204,
      answer: undefined,
      codes: ["INSTANCE_UNKNOWN", "REGISTRY_UNREACHABLE"],
      handle: (call) => {
        const request = call.body as z.output<typeof setOverrideRequestSchema>;
        return discovery.setOverride(...named(call), request, actor);
      },
    },
    {
      method: "DELETE",
      path: "/v1/discovery/overrides/{app}/{id}",
      operationId: "clearOverride",
      summary: "Take an operator's word back",
      status: 204,
      answer: undefined,
      codes: ["OVERRIDE_UNKNOWN", "REGISTRY_UNREACHABLE"],
      handle: (call) => discovery.clearOverride(...named(call), actor),
    },
  ];
}

function named({ params }: Call): [app: string, id: string] {
  return [(params["app"] ?? "").toLowerCase(), params["id"] ?? ""];
}
