export {
  type BreakerOptions,
  type BreakerState,
  breakerDefaults,
  CircuitBreaker,
  type Health,
  type Transition,
} from "./circuit-breaker.ts";
export { type CommandEvent, commandEvents } from "./events.ts";
