import type { AdminSource } from "../admin/admin-source.ts";
import { maskedEnvironment, maskedProperties } from "../admin/masking.ts";

/** Karyon's `/webadmin/allprops`: all values as texts. */
export function allProps(source: AdminSource): object {
  const props: Record<string, string> = {};
  for (const { key, value } of maskedProperties(source)) props[key] = value === undefined ? "" : String(value);
  return { props };
}

/** Karyon's `/webadmin/env`. */
export function env(source: AdminSource): object {
  return { env: maskedEnvironment(source) };
}

/** Karyon's `/webadmin/eureka`: what the discovery client of the process knows; nothing when it has none. */
export function eureka({ instances }: AdminSource): object {
  return {
    data: (instances() ?? []).map(({ app, id, status, address, eureka: record }) => ({
      application: app.toUpperCase(),
      id,
      status,
      ipAddress: record?.ipAddr ?? address,
      hostName: record?.hostName ?? address,
    })),
  };
}
