import { instanceStatuses, registryEventKinds } from "@holdfast/wire";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const whole: Schema = { type: "integer", minimum: 0 };
const yes: Schema = { type: "boolean" };
const time: Schema = { type: "string", format: "date-time" };
const status: Schema = { type: "string", enum: instanceStatuses };
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const listOf = (items: Schema): Schema => ({ type: "array", items });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });

/** All fields are required but those in `optional`. */
function object(fields: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(fields).filter((name) => !optional.includes(name));
  return { type: "object", properties: fields, ...(required.length === 0 ? {} : { required }) };
}

const account = { incarnation: whole, version: whole };

/** The bodies of the registry's own API, as JSON Schema; the types are in `wire/src/registry.ts` and `registry-views.ts`. */
export const registrySchemas: Readonly<Record<string, Schema>> = {
  Instance: object(
    {
      app: text,
      id: text,
      ...account,
      status,
      region: text,
      zone: text,
      address: text,
      port: { type: "integer", minimum: 0, maximum: 65_535 },
      adminPort: { type: "integer", minimum: 0, maximum: 65_535 },
      application: text,
      cluster: text,
      serverGroup: text,
      verifiesIdentity: yes,
      metadata: { type: "object", additionalProperties: text, maxProperties: 64 },
      leaseMs: { type: "integer", minimum: 1_000, maximum: 86_400_000 },
      eureka: { type: "object", description: "what an Eureka client registered, whole" },
    },
    ["adminPort", "leaseMs", "eureka", "verifiesIdentity", "metadata"],
  ),
  Renewal: object(account),
  StatusChange: object({ ...account, status, awaitSeenMs: { type: "integer", minimum: 0, maximum: 10_000 } }, [
    "awaitSeenMs",
  ]),
  Seen: object({ listeners: whole, seen: whole, complete: yes }),
  Ack: object({ listener: text, cursor: text }),
  OverrideRequest: object({ status, by: text, reason: text }, ["by", "reason"]),
  Override: object({ app: text, id: text, status, by: text, reason: text, at: time }),
  Event: object({
    sequence: whole,
    at: time,
    kind: { type: "string", enum: registryEventKinds },
    app: text,
    id: text,
    by: text,
    detail: text,
  }),
  Events: object({ events: listOf(ref("Event")), oldest: whole, newest: whole }),
  Probe: object({ zone: text, verdict: { type: "string", enum: ["alive", "dead", "silent"] }, at: time, detail: text }),
  PreservationGroup: object({ app: text, zone: text, instances: whole, held: whole, engaged: yes, reason: text }),
  Preservation: object({
    engaged: yes,
    summary: text,
    renewsLastMinute: whole,
    threshold: whole,
    groups: listOf(ref("PreservationGroup")),
  }),
  Explanation: object({
    app: text,
    id: text,
    state: { type: "string", enum: ["live", "held", "removed", "unknown"] },
    status: orNull(status),
    summary: text,
    reasons: listOf(text),
    lease: orNull(object({ durationMs: whole, renewedMsAgo: whole, expiresInMs: { type: "integer" }, via: text })),
    owner: orNull(object({ status, ...account })),
    override: orNull(ref("Override")),
    damping: orNull(object({ flaps: { type: "number" }, untilMs: whole })),
    probes: listOf(ref("Probe")),
    protection: orNull(ref("PreservationGroup")),
    removal: orNull(object({ cause: text, at: time, rememberedForMs: whole })),
    events: listOf(ref("Event")),
  }),
  Peer: object({
    url: text,
    state: { type: "string", enum: ["up", "down", "connecting"] },
    reason: text,
    sinceMs: whole,
    queued: whole,
    roundTripMs: { type: "number" },
  }),
  Peers: object({ synced: yes, peers: listOf(ref("Peer")) }),
  Summary: object({
    name: text,
    zone: text,
    region: text,
    profile: { type: "string", enum: ["fast", "compat"] },
    synced: yes,
    draining: yes,
    startedAt: time,
    cursor: text,
    instances: whole,
    apps: whole,
    up: whole,
    listeners: whole,
    held: whole,
    overrides: whole,
    damped: whole,
    probe: { type: "string", enum: ["off", "tcp", "http"] },
    preservation: ref("Preservation"),
    peers: listOf(ref("Peer")),
  }),
  Problem: object({ type: text, title: text, status: whole, detail: text, code: text, next: text }, ["next", "type"]),
};
