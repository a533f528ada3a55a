import { type Clock, OptionError } from "@holdfast/kernel";
import { HttpTransport, type RegistryTransport } from "./transport.ts";

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
  /** How calls are made; stays its owner's to close. Default: HTTP. */
  readonly transport?: RegistryTransport | undefined;
}

/**
 * The transport that `access` asks for, and whether it is ours to close.
 *
 * @throws OptionError `OPTION_INVALID` for a registry whose URL cannot be used.
 */
export function transportOf(clock: Clock, access: RegistryAccess): { transport: RegistryTransport; isOwn: boolean } {
  for (const [index, base] of access.registries.entries()) {
    if (!/^https?:$/.test(URL.parse(base)?.protocol ?? "")) {
      // Not the URL itself: it may hold a password.
      throw new OptionError(`registries[${index}]`, "a URL such as http://host:8761", typeof base);
    }
  }
  if (access.transport !== undefined) return { transport: access.transport, isOwn: false };
  return { transport: new HttpTransport(clock, access.localAddress), isOwn: true };
}
