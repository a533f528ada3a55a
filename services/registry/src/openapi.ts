import { registrySchemas } from "./openapi-schemas.ts";

type Part = Readonly<Record<string, unknown>>;

const path = (name: string): Part => ({ name, in: "path", required: true, schema: { type: "string" } });
const query = (name: string, description: string): Part => {
  return { name, in: "query", required: false, description, schema: { type: "string" } };
};
const instance = [path("app"), path("id")];
const body = (name: string): Part => ({
  required: true,
  content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } },
});
const problem = {
  description: "what is wrong, with a stable code and the next step",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

interface Operation {
  readonly id: string;
  readonly says: string;
  readonly parameters?: readonly Part[];
  readonly takes?: string;
  /** A schema's name, `[name]` for a list of them; nothing: 204. */
  readonly gives?: string;
}

function operation({ id, says, parameters, takes, gives }: Operation): Part {
  const isList = gives?.startsWith("[") === true;
  const one = { $ref: `#/components/schemas/${gives?.replace(/[[\]]/g, "")}` };
  const schema = isList ? { type: "array", items: one } : one;
  const done =
    gives === undefined
      ? { 204: { description: "done" } }
      : { 200: { description: says, content: { "application/json": { schema } } } };
  return {
    operationId: id,
    summary: says,
    ...(parameters === undefined ? {} : { parameters }),
    ...(takes === undefined ? {} : { requestBody: body(takes) }),
    responses: { ...done, default: problem },
  };
}

const stream: Part = {
  operationId: "stream",
  summary: "Server-sent events: a snapshot, then deltas. Resumes at Last-Event-ID, when that is this peer's",
  parameters: [
    query("app", "only these apps, separated by commas"),
    query("vip", "only who serves these virtual addresses"),
    { name: "Last-Event-ID", in: "header", required: false, schema: { type: "string" } },
  ],
  responses: { 200: { description: "events", content: { "text/event-stream": {} } }, default: problem },
};

/**
 * The registry's own API (Eureka's is described where it comes from). Kept beside the routes it describes and held
 * against them by a test.
 */
export const registryOpenApi = {
  openapi: "3.1.0",
  info: {
    title: "Holdfast registry",
    version: "1",
    description: "Who is there, pushed to whoever calls. The same server answers Eureka's REST API at /eureka/v2.",
  },
  paths: {
    "/v1/registry/instances": {
      get: operation({
        id: "listInstances",
        says: "All instances as callers see them, or as they saw them at a moment",
        parameters: [query("app", "only this app"), query("at", "a cursor, an ISO 8601 time, or milliseconds")],
        gives: "[Instance]",
      }),
    },
    "/v1/registry/instances/{app}/{id}": {
      parameters: instance,
      get: operation({ id: "getInstance", says: "One instance as callers see it", gives: "Instance" }),
      put: operation({ id: "register", says: "Registers or replaces", takes: "Instance" }),
      delete: operation({
        id: "remove",
        says: "Takes it out, and remembers so for ten minutes",
        parameters: [query("incarnation", "every start up to this one"), query("cause", "why, for people")],
      }),
    },
    "/v1/registry/instances/{app}/{id}/renew": {
      parameters: instance,
      post: operation({ id: "renew", says: "Renews the lease; 404: register again", takes: "Renewal" }),
    },
    "/v1/registry/instances/{app}/{id}/status": {
      parameters: instance,
      put: operation({
        id: "setStatus",
        says: "Changes the status; may wait until all callers know",
        takes: "StatusChange",
        gives: "Seen",
      }),
    },
    "/v1/registry/stream": { get: stream },
    "/v1/registry/acks": {
      post: operation({ id: "acknowledge", says: "A listener has applied all up to a cursor", takes: "Ack" }),
    },
    "/v1/registry/overrides": {
      get: operation({ id: "listOverrides", says: "All overrides in force", gives: "[Override]" }),
    },
    "/v1/registry/overrides/{app}/{id}": {
      parameters: instance,
      put: operation({
        id: "setOverride",
        says: "An operator's word, which outweighs the instance's UP",
        takes: "OverrideRequest",
      }),
      delete: operation({ id: "clearOverride", says: "Takes the override back", parameters: [query("by", "who")] }),
    },
    "/v1/registry/events": {
      get: operation({
        id: "listEvents",
        says: "What happened at this peer, oldest first",
        parameters: [
          query("app", "only this app"),
          query("id", "only this instance"),
          query("after", "later than this sequence"),
          query("limit", "at most so many, 200 unless told, 1,000 at most"),
        ],
        gives: "Events",
      }),
    },
    "/v1/leases/{app}/{id}/why": {
      parameters: instance,
      get: operation({
        id: "why",
        says: "Why callers see an instance as they do, or do not see it",
        gives: "Explanation",
      }),
    },
    "/v1/registry/preservation": {
      get: operation({
        id: "preservation",
        says: "Self-preservation of each app and zone, in words",
        gives: "Preservation",
      }),
    },
    "/v1/registry/summary": { get: operation({ id: "summary", says: "This peer at a glance", gives: "Summary" }) },
    "/v1/registry/peers": { get: operation({ id: "peers", says: "The links to the other peers", gives: "Peers" }) },
  },
  components: { schemas: registrySchemas },
} as const;
