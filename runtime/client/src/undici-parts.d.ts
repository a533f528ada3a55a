// undici's index loads fetch, WebSocket, mocks and caches: 11 MB and 130 ms in each process (README). We need three parts.
declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";
  export default Pool;
}
declare module "undici/lib/dispatcher/agent.js" {
  import { Agent } from "undici";
  export default Agent;
}
declare module "undici/lib/dispatcher/dispatcher.js" {
  import { Dispatcher } from "undici";
  export default Dispatcher;
}
declare module "undici/lib/dispatcher/dispatcher1-wrapper.js" {
  import type { Dispatcher } from "undici";

  const Dispatcher1Wrapper: new (dispatcher: Dispatcher) => Dispatcher;
  export default Dispatcher1Wrapper;
}
