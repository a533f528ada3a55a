export { FakeClock, settle } from "./fake-clock.ts";
export { type WaitForOptions, waitFor } from "./wait-for.ts";
