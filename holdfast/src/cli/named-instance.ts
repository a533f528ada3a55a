import { PlatformError } from "@holdfast/kernel";
import type { DiscoveryInstances } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { ControlClient } from "../stack/control-client.ts";

export interface NamedInstance {
  readonly app: string;
  readonly id: string;
}

/**
 * Takes `<app>/<instance>` apart. An id may have slashes and colons of its own (Eureka's clients).
 *
 * @throws PlatformError `USAGE` when it is not of that form.
 */
export function readInstanceName(text: string): NamedInstance {
  const slash = text.indexOf("/");
  if (slash > 0 && slash < text.length - 1) {
    return { app: text.slice(0, slash).toLowerCase(), id: text.slice(slash + 1) };
  }
  throw new PlatformError("USAGE", `${text}: must be <app>/<instance>`, {
    next: "holdfast discovery <app>",
    status: 400,
  });
}

/**
 * As {@link findNamed}; an app alone stands for the one of its instances that is most worth a look: not UP before UP.
 *
 * @throws PlatformError `APP_UNKNOWN` when the app alone has none.
 */
export async function findTelling(control: ControlClient, text: string): Promise<NamedInstance> {
  if (text.includes("/")) return findNamed(control, readInstanceName(text));
  const app = text.toLowerCase();
  const query = new URLSearchParams({ app }).toString();
  const { instances } = await control.call<DiscoveryInstances>("GET", `${ControlPaths.discoveryInstances}?${query}`);
  const telling = instances.find(({ status }) => status !== "UP") ?? instances[0];
  if (telling !== undefined) return { app, id: telling.id };
  throw new PlatformError("APP_UNKNOWN", `${text}: no instance of this app is registered`, {
    next: "holdfast discovery",
    status: 404,
  });
}

/**
 * The instance of that app with this id, or the only one whose id begins so; else the id as it was given: an instance that
 * has gone is in no list.
 *
 * @throws PlatformError `AMBIGUOUS` when several ids begin so.
 */
export async function findNamed(control: ControlClient, { app, id }: NamedInstance): Promise<NamedInstance> {
  const query = new URLSearchParams({ app });
  const { instances } = await control.call<DiscoveryInstances>(
    "GET",
    `${ControlPaths.discoveryInstances}?${query.toString()}`,
  );
  return { app, id: completeId(instances, id) };
}

export function completeId(instances: readonly { readonly id: string }[], given: string): string {
  if (instances.some((instance) => instance.id === given)) return given;
  const matches = instances.filter(({ id }) => id.startsWith(given) || id.startsWith(`i-${given}`));
  if (matches.length < 2) return matches[0]?.id ?? given;
  const some = matches.slice(0, 5).map(({ id }) => id);
  throw new PlatformError("AMBIGUOUS", `${given}: could be ${some.join(", ")}${matches.length > 5 ? " …" : ""}`, {
    next: "type more of the id",
    status: 400,
  });
}
