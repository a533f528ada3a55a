// undici's index loads fetch, WebSocket, mocks and caches: 11 MB and 130 ms in each process. One part will do.
declare module "undici/lib/dispatcher/client.js" {
  import { Client } from "undici";
  export default Client;
}
declare module "undici/lib/core/connect.js" {
  import { buildConnector } from "undici";
  export default buildConnector;
}
