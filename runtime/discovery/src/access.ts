import type { RegistryTransport } from "./transport.ts";

/** What a registry is spoken to in: our own API with its stream, or Eureka's REST with polling. */
export type RegistryKind = "native" | "eureka";

/** How to reach registries: own zone first. */
export interface RegistryAccess {
  /**
   * Base URLs, own zone first: `http://h:8761`, or with Eureka's path (`http://h:8761/eureka`, `…/eureka/v2`), or with a
   * name and password (`http://name:password@h:8761`).
   */
  readonly registries: readonly string[];
  /** Default `auto`: each registry's own answer says. Asked again whenever it could not be reached. */
  readonly kind?: RegistryKind | "auto" | undefined;
  /** Local address to connect from, so that others see which instance calls. */
  readonly localAddress?: string | undefined;
  /** How calls are made. Default: HTTP. Streams are always HTTP. */
  readonly transport?: RegistryTransport | undefined;
}
