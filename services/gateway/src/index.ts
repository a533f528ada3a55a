export { type GatewayHandler, gatewayHandler } from "./gateway-handler.ts";
export { type RouteMatch, RouteTable } from "./routes.ts";
