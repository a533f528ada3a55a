import type { ServerResponse } from "node:http";
import type { Config } from "@holdfast/config";
import type { ServerList } from "@holdfast/discovery";
import type { InstanceStatus } from "@holdfast/wire";
import type { ParentCheck } from "../parent/parent-check.ts";
import { send, sendJson } from "./send.ts";
import { appOfVip, vipAddressOf } from "./vip.ts";

/** What Prana's paths are answered from. */
export interface PranaSource {
  readonly config: Config;
  readonly servers: ServerList;
  /** A look at the parent, now. */
  readonly check: ParentCheck;
  /** The parent's status as the registry has it from us. */
  readonly status: () => InstanceStatus;
}

/** Properties one request may ask for. */
const idsMax = 1_000;

export function ping(res: ServerResponse): void {
  res.setHeader("cache-control", "must-revalidate,no-cache,no-store");
  send(res, 200, "text/plain", "pong");
}

export function status(source: PranaSource, res: ServerResponse): void {
  sendJson(res, { status: source.status() });
}

/** Prana's two words for what the parent says now. */
export async function healthcheck(source: PranaSource, res: ServerResponse): Promise<void> {
  const { kind } = await source.check();
  if (kind === "up") send(res, 200, "application/xml", "<health>ok</health>");
  else send(res, 503, "application/xml", "<health>fail</health>");
}

/** `?id=a&id=b` → `{"a":"v","b":null}`: the effective values as text. */
export function dynamicProperties(source: PranaSource, query: URLSearchParams, res: ServerResponse): void {
  const ids = query.getAll("id");
  if (ids.length > idsMax) return refuse(res, `id may be given ${idsMax} times, not ${ids.length}`);
  // Not an object literal's assignment: an id may be called `__proto__`.
  sendJson(res, Object.fromEntries(ids.map((id) => [id, textOf(source.config, id)])));
}

export function textOf(config: Config, key: string): string | null {
  const { value } = config.explain(key);
  return value === undefined ? null : String(value);
}

/** `?appName=X[&vip=V]` → the host names of its instances that are UP. */
export function hosts(source: PranaSource, query: URLSearchParams, res: ServerResponse): void {
  const app = query.get("appName") ?? "";
  if (app === "") return refuse(res, "appName has to be specified");
  const vip = query.get("vip");
  const known = source.servers.instances(appOfVip(source.servers, app.toLowerCase()));
  const meant = known.filter(
    (record) => record.status === "UP" && (vip === null || vipAddressOf(record).includes(vip)),
  );
  sendJson(
    res,
    meant.map((record) => record.eureka?.hostName ?? record.address),
  );
}

/** As Prana words it, but with the status it means (Prana sends 200). */
function refuse(res: ServerResponse, message: string): void {
  sendJson(res, { reason: "Bad Request", message }, 400);
}
