import type { NetworkPlace } from "@holdfast/wire";
import { enterMounts, pathOfAddress } from "./enter.ts";
import { Namespaces } from "./namespaces.ts";
import { shellIn } from "./shell.ts";

/**
 * For engines that put instances into namespaces by path, with root's rights: makes the namespace of an address when it is not
 * there, and returns its path as everybody on this machine sees it.
 *
 * @throws (what is returned) PlatformError `NETWORK_COMMAND_FAILED`, `NAMESPACES_EXHAUSTED`.
 */
export function instanceNetwork(place: NetworkPlace): (address: string) => Promise<string> {
  const namespaces = new Namespaces(shellIn(enterMounts(place)), place);
  return async (address) => {
    await namespaces.ensure([address]);
    return pathOfAddress(place, address);
  };
}
