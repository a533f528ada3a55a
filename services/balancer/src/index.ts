export { Balancer } from "./balancer.ts";
