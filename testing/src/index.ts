export { FakeClock, settle } from "./fake-clock.ts";
export { type LinkFault, LinkProxy } from "./link-proxy.ts";
export {
  type CommandResult,
  runHoldfast,
  Stack,
  type StackInstance,
  type StackOptions,
  temporaryDirectory,
} from "./stack.ts";
export { type WaitForOptions, waitFor } from "./wait-for.ts";
