import { type Cloud, InstanceUnknownError } from "@holdfast/cloud-server";
import { type Clock, PlatformError } from "@holdfast/kernel";
import {
  activityViewSchema,
  deployAnswerSchema,
  deployRequestSchema,
  instanceViewSchema,
  killRequestSchema,
  logLineSchema,
  metricPointSchema,
  operationViewSchema,
  scaleRequestSchema,
  serviceViewSchema,
  sessionCodeSchema,
  sessionRequestSchema,
  statusViewSchema,
} from "@holdfast/wire/control";
import { controlTopics } from "@holdfast/wire/control/paths";
import { z } from "zod";
import { type AutoscaleHouse, checkScaling } from "../../autoscale/autoscale-house.ts";
import type { ConfigHouse } from "../../config/config-house.ts";
import type { Discovery } from "../../discovery/discovery.ts";
import type { FaultHouse } from "../../faults/fault-house.ts";
import type { ImageHouse } from "../../images/image-house.ts";
import type { ResilienceReports } from "../../resilience/resilience-reports.ts";
import type { TraceHouse } from "../../traces/trace-house.ts";
import type { ControlModel } from "../control-model.ts";
import { type Deployment, deploy, known } from "../deploy.ts";
import type { ControlSettings } from "../settings.ts";
import type { Access } from "./access.ts";
import { autoscaleRoutes } from "./autoscale-routes.ts";
import { capacityRoutes } from "./capacity-routes.ts";
import { configRoutes } from "./config-routes.ts";
import { discoveryRoutes } from "./discovery-routes.ts";
import type { EventHub, Topic } from "./event-hub.ts";
import { faultRoutes } from "./fault-routes.ts";
import { groupActs } from "./group-acts.ts";
import { groupRoutes } from "./group-routes.ts";
import { imageRoutes } from "./image-routes.ts";
import { streamLogs } from "./log-stream.ts";
import { resilienceRoutes } from "./resilience-routes.ts";
import type { Call, Route } from "./route.ts";
import { openSse } from "./sse-reply.ts";
import { traceRoutes } from "./trace-routes.ts";

/** What the handlers work with. */
export interface RouteParts {
  readonly clock: Clock;
  readonly settings: ControlSettings;
  readonly cloud: Cloud;
  readonly model: ControlModel;
  readonly hub: EventHub;
  readonly access: Access;
  readonly discovery: Discovery;
  readonly resilience: ResilienceReports;
  readonly faults: FaultHouse;
  readonly config: ConfigHouse;
  readonly traces: TraceHouse;
  readonly images: ImageHouse;
  readonly autoscale: AutoscaleHouse;
}

/** Whoever has the token or a session. */
const actor = "operator";
/** What a deployment may be refused with. */
const deployCodes = [
  "APPLICATION_NAME_MISMATCH",
  "APPLICATION_NAME_RESERVED",
  "CAPACITY_GUARANTEE_TOO_LARGE",
  "HOST_DOUBLED",
  "HOST_ZONE_UNKNOWN",
  "IMAGE_MISSING",
  "SCALING_PLAN_INVALID",
  "SCHEDULE_INVALID",
  "STATE_READ_ONLY",
];
const flag = z.enum(["0", "1", "true", "false"]).transform((text) => text === "1" || text === "true");
const text = z.string().min(1).max(128);
const wholeText = (min: number, max: number): z.ZodType<number> => z.coerce.number<string>().int().min(min).max(max);

const logQuery = z.object({
  service: text.optional(),
  instance: text.optional(),
  tail: wholeText(0, 10_000).optional().describe("Lines of each instance; default 200."),
  follow: flag.optional(),
});

/** All operations of control's API but those of files and documents. */
export function controlRoutes(parts: RouteParts): Route[] {
  return [
    ...statusRoutes(parts),
    ...instanceRoutes(parts),
    ...serviceRoutes(parts),
    ...groupRoutes(parts, actor),
    ...groupActs(parts, actor),
    ...autoscaleRoutes(parts.autoscale),
    ...capacityRoutes(parts, actor),
    ...applicationRoutes(parts),
    ...recordRoutes(parts),
    ...discoveryRoutes(parts, actor),
    ...resilienceRoutes(parts),
    ...configRoutes(parts, actor),
    ...faultRoutes(parts, actor),
    ...traceRoutes(parts),
    ...imageRoutes(parts),
    ...sessionRoutes(parts),
  ];
}

function statusRoutes({ model, clock, hub }: RouteParts): Route[] {
  const topics = z.object({
    topics: z.string().optional().describe("Any of status, instances, activities, with commas; default all."),
  });
  return [
    {
      method: "GET",
      path: "/v1/status",
      operationId: "getStatus",
      summary: "The verdict in one sentence, zones and services",
      status: 200,
      answer: { schema: statusViewSchema },
      handle: () => model.status(),
    },
    {
      method: "GET",
      path: "/v1/events",
      operationId: "streamEvents",
      summary: "Live views: each topic now and whenever it has changed",
      query: topics,
      status: 200,
      answer: {
        schema: z.union([statusViewSchema, z.array(instanceViewSchema), z.array(activityViewSchema)]),
        stream: controlTopics,
      },
      handle: ({ query, request, reply }) => {
        const wanted = topicsOf(query["topics"]);
        hub.add(openSse(clock, request, reply), wanted);
      },
    },
  ];
}

function topicsOf(given: unknown): ReadonlySet<Topic> {
  if (typeof given !== "string") return new Set(controlTopics);
  const names = given.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !controlTopics.some((topic) => topic === name));
  if (unknown === undefined) return new Set(controlTopics.filter((topic) => names.includes(topic)));
  throw new PlatformError("TOPIC_UNKNOWN", `${unknown}: no such topic; known: ${controlTopics.join(", ")}`, {
    status: 400,
  });
}

function instanceRoutes({ model, cloud }: RouteParts): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/instances",
      operationId: "listInstances",
      summary: "Every instance that runs, control itself included",
      query: z.object({ ended: flag.optional().describe("1: also those that ended within the last minute.") }),
      status: 200,
      answer: { schema: z.array(instanceViewSchema) },
      handle: ({ query }) => model.instances(query["ended"] === true),
    },
    {
      method: "GET",
      path: "/v1/instances/{id}",
      operationId: "getInstance",
      summary: "One instance",
      status: 200,
      answer: { schema: instanceViewSchema },
      codes: ["INSTANCE_UNKNOWN"],
      handle: ({ params }) => {
        const id = params["id"] ?? "";
        const found = model.instance(id);
        if (found === undefined) throw new InstanceUnknownError(id);
        return found;
      },
    },
    {
      method: "POST",
      path: "/v1/instances/{id}/kill",
      operationId: "killInstance",
      summary: "Send a signal to an instance, as an outside force would; nothing is drained",
      body: killRequestSchema,
      status: 202,
      answer: { schema: instanceViewSchema },
      codes: ["INSTANCE_UNKNOWN", "AGENT_UNREACHABLE"],
      handle: async ({ params, body }) => {
        const id = params["id"] ?? "";
        await cloud.kill(id, (body as z.output<typeof killRequestSchema>).signal, actor);
        return model.instance(id);
      },
    },
  ];
}

function serviceRoutes({ model, cloud, clock }: RouteParts): Route[] {
  const one = (call: Call): string => call.params["name"] ?? "";
  const serviceOf = (call: Call): ReturnType<ControlModel["services"]>[number] =>
    known(model.service(one(call)), one(call), model.services());
  return [
    {
      method: "GET",
      path: "/v1/services",
      operationId: "listServices",
      summary: "Every service and server of the platform, with its strength and traffic",
      status: 200,
      answer: { schema: z.array(serviceViewSchema) },
      handle: () => model.services(),
    },
    {
      method: "GET",
      path: "/v1/services/{name}",
      operationId: "getService",
      summary: "One service",
      status: 200,
      answer: { schema: serviceViewSchema },
      codes: ["SERVICE_UNKNOWN"],
      handle: serviceOf,
    },
    {
      method: "GET",
      path: "/v1/services/{name}/metrics",
      operationId: "getServiceMetrics",
      summary: "Requests, errors and latency by the minute",
      query: z.object({ minutes: wholeText(1, 1_440).optional().describe("How far back; default 60.") }),
      status: 200,
      answer: { schema: z.array(metricPointSchema) },
      codes: ["SERVICE_UNKNOWN"],
      handle: (call) => {
        const minutes = Number(call.query["minutes"] ?? 60);
        return model.metrics(serviceOf(call).name, clock.wallMs() - minutes * 60_000);
      },
    },
    {
      method: "POST",
      path: "/v1/services/{name}/scale",
      operationId: "scaleService",
      summary: "Set how many instances there should be",
      body: scaleRequestSchema,
      status: 202,
      answer: { schema: operationViewSchema },
      codes: ["SERVICE_UNKNOWN", "SCALE_OUT_OF_RANGE", "STATE_READ_ONLY"],
      handle: (call) => cloud.scale(one(call), (call.body as z.output<typeof scaleRequestSchema>).desired, actor),
    },
    {
      method: "POST",
      path: "/v1/services/{name}/restart",
      operationId: "restartService",
      summary: "Replace every instance, new ones first, never below the wanted strength",
      status: 202,
      answer: { schema: operationViewSchema },
      codes: ["SERVICE_UNKNOWN", "STATE_READ_ONLY"],
      handle: (call) => cloud.restart(one(call), actor),
    },
  ];
}

function applicationRoutes({ cloud, settings, autoscale }: RouteParts): Route[] {
  const nameOf = ({ params }: Call): string => params["name"] ?? "";
  return [
    {
      method: "GET",
      path: "/v1/applications",
      operationId: "listApplications",
      summary: "Names of what is deployed",
      status: 200,
      answer: { schema: z.array(z.string()) },
      handle: () => cloud.applications(),
    },
    {
      method: "GET",
      path: "/v1/applications/{name}",
      operationId: "getApplication",
      summary: "An application as it was deployed",
      status: 200,
      answer: { schema: deployRequestSchema },
      codes: ["APPLICATION_UNKNOWN"],
      handle: (call) => {
        const body = cloud.application(nameOf(call));
        if (body !== undefined && body !== null) return body;
        throw new PlatformError("APPLICATION_UNKNOWN", `${nameOf(call)}: no such application`, { status: 404 });
      },
    },
    {
      method: "PUT",
      path: "/v1/applications/{name}",
      operationId: "deployApplication",
      summary: "Make this the application; changed services roll over to their next version",
      body: deployRequestSchema,
      status: 202,
      answer: { schema: deployAnswerSchema },
      codes: deployCodes,
      handle: async (call) => {
        const deployment = call.body as Deployment;
        checkScaling(deployment.application);
        const answer = await deploy(cloud, settings, nameOf(call), deployment, actor);
        autoscale.configure(deployment.application);
        return answer;
      },
    },
    {
      method: "GET",
      path: "/v1/operations/{id}",
      operationId: "getOperation",
      summary: "How far a restart, a change of scale or a deployment is",
      status: 200,
      answer: { schema: operationViewSchema },
      codes: ["OPERATION_UNKNOWN"],
      handle: ({ params }) => {
        const id = params["id"] ?? "";
        const found = cloud.operation(id);
        if (found !== undefined) return found;
        throw new PlatformError("OPERATION_UNKNOWN", `${id}: no such operation; the last hundred are kept`, {
          status: 404,
          next: "holdfast status",
        });
      },
    },
  ];
}

function recordRoutes({ cloud, model, clock }: RouteParts): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/activities",
      operationId: "listActivities",
      summary: "What was done, by whom, why, and how it ended; newest first",
      query: z.object({
        limit: wholeText(1, 1_000).optional().describe("Default 100."),
        before: wholeText(1, Number.MAX_SAFE_INTEGER).optional().describe("Only ids below this one."),
      }),
      status: 200,
      answer: { schema: z.array(activityViewSchema) },
      handle: ({ query }) => {
        const before = query["before"];
        return cloud.activities(Number(query["limit"] ?? 100), before === undefined ? undefined : Number(before));
      },
    },
    {
      method: "GET",
      path: "/v1/logs",
      operationId: "streamLogs",
      summary: "What instances wrote: the last lines of each, and with follow=1 what comes",
      query: logQuery,
      status: 200,
      answer: { schema: logLineSchema, stream: ["log"] },
      codes: ["SERVICE_UNKNOWN", "INSTANCE_UNKNOWN"],
      handle: async ({ query, request, reply }) => {
        const { service, instance, tail, follow } = query as z.output<typeof logQuery>;
        if (service !== undefined && service !== "control") known(model.service(service), service, model.services());
        if (instance !== undefined && model.instance(instance) === undefined) throw new InstanceUnknownError(instance);
        const sources = (): ReturnType<ControlModel["logSources"]> => model.logSources(service, instance);
        const stream = openSse(clock, request, reply);
        await streamLogs(clock, stream, sources, tail ?? 200, follow === true);
      },
    },
  ];
}

function sessionRoutes({ access }: RouteParts): Route[] {
  return [
    {
      method: "POST",
      path: "/v1/session/codes",
      operationId: "newSessionCode",
      summary: "A one-time code for the console's login link",
      access: "bearer",
      status: 201,
      answer: { schema: sessionCodeSchema },
      handle: () => ({ code: access.newCode() }),
    },
    {
      method: "POST",
      path: "/v1/session",
      operationId: "openSession",
      summary: "Exchange a one-time code for a session cookie",
      access: "none",
      body: sessionRequestSchema,
      status: 204,
      answer: undefined,
      codes: ["CODE_REFUSED"],
      handle: ({ body, reply }) => {
        const { code } = body as z.output<typeof sessionRequestSchema>;
        void reply.header("set-cookie", access.openSession(code));
      },
    },
  ];
}
