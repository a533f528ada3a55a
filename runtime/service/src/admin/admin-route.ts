import type { Access } from "./access.ts";
import type { Exchange } from "./exchange.ts";

export interface AdminRoute {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly access: Access;
  /** For people, on the port's page. */
  readonly says: string;
  readonly answer: (exchange: Exchange) => void | Promise<void>;
}
