import { openApiDocument } from "./api/openapi.ts";
import { controlRoutes, type RouteParts } from "./api/routes.ts";

/** The API's document without a running control: routes are data, and nothing of their handlers is needed. */
export function documentedApi(): Record<string, unknown> {
  return openApiDocument(controlRoutes({} as RouteParts), "1");
}
