import {
  type AutoscaleChange,
  autoscaleRequestSchema,
  autoscaleViewSchema,
  forecastViewSchema,
} from "@holdfast/wire/control";
import { z } from "zod";
import type { AutoscaleHouse } from "../../autoscale/autoscale-house.ts";
import type { Call, Route } from "./route.ts";

/** Scaling policies and scheduled actions: what they say now, others in their place, and the load to come. */
export function autoscaleRoutes(autoscale: AutoscaleHouse): Route[] {
  const serviceOf = ({ params }: Call): string => params["service"] ?? "";
  return [
    {
      method: "GET",
      path: "/v1/autoscale",
      operationId: "listAutoscale",
      summary: "How each service is scaled, and what its policies want now and why",
      status: 200,
      answer: { schema: z.array(autoscaleViewSchema) },
      handle: () => autoscale.list(),
    },
    {
      method: "GET",
      path: "/v1/autoscale/{service}",
      operationId: "getAutoscale",
      summary: "How one service is scaled",
      status: 200,
      answer: { schema: autoscaleViewSchema },
      codes: ["SERVICE_UNKNOWN"],
      handle: (call) => autoscale.get(serviceOf(call)),
    },
    {
      method: "PUT",
      path: "/v1/autoscale/{service}/policies",
      operationId: "setScalingPolicies",
      summary:
        "Put other policies or scheduled actions in place; they stand until the application file says something else",
      body: autoscaleRequestSchema,
      status: 200,
      answer: { schema: autoscaleViewSchema },
      codes: ["SERVICE_UNKNOWN", "SCALING_PLAN_INVALID", "SCHEDULE_INVALID"],
      handle: (call) => autoscale.set(serviceOf(call), call.body as AutoscaleChange),
    },
    {
      method: "DELETE",
      path: "/v1/autoscale/{service}/policies",
      operationId: "resetScalingPolicies",
      summary: "Back to what the application file says",
      status: 200,
      answer: { schema: autoscaleViewSchema },
      codes: ["SERVICE_UNKNOWN"],
      handle: (call) => autoscale.reset(serviceOf(call)),
    },
    {
      method: "GET",
      path: "/v1/autoscale/{service}/forecast",
      operationId: "getForecast",
      summary: "The load of the next 48 hours, as predictive policies see it",
      query: z.object({ metric: z.string().min(1).max(128).describe("The metric of a predictive policy.") }),
      status: 200,
      answer: { schema: forecastViewSchema },
      codes: ["SERVICE_UNKNOWN"],
      handle: (call) => autoscale.forecast(serviceOf(call), String(call.query["metric"])),
    },
  ];
}
