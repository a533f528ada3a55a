import { isIPv6 } from "node:net";
import { PlatformError } from "@holdfast/kernel";
import { type ServerPlace } from "./server-record.ts";

/** Ribbon's `Server`: what is named without a port is an HTTP server. */
const portDefault = 80;
const weightMax = 1_000;
const hostPattern = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?$/;
const zonePattern = /^[A-Za-z0-9._-]{1,64}$/;

/** A list of servers as text that cannot be read. `details.position` counts characters from 1. */
export class ServerListUnfitError extends PlatformError<"SERVER_LIST_UNFIT"> {
  constructor(what: string, entry: string, position: number) {
    super("SERVER_LIST_UNFIT", `server list: ${JSON.stringify(entry)} at character ${position} ${what}`, {
      status: 400,
      details: { entry, position },
      next: "Write host:port,host:port; IPv6 in brackets; after each, if need be, ;zone=<zone> and ;weight=<number>.",
    });
  }
}

/**
 * Reads Ribbon's `listOfServers`: `a:7001, b:7001`. Also `http://a:7001`, `[fd00::1]:7001`, and after a server
 * `;zone=east-1a` and `;weight=5`; weights become shares of the heaviest. The port is 80 unless given. Nothing between two
 * commas is nothing. Of servers named twice the first counts.
 *
 * @throws ServerListUnfitError
 */
export function parseServers(text: string): ServerPlace[] {
  const places = new Map<string, ServerPlace>();
  let position = 1;
  for (const part of text.split(",")) {
    const entry = part.trim();
    if (entry !== "") {
      const place = placeOf(entry, position + part.indexOf(entry));
      const key = `${place.address} ${place.port}`;
      if (!places.has(key)) places.set(key, place);
    }
    position += part.length + 1;
  }
  return withShares([...places.values()]);
}

function withShares(places: readonly ServerPlace[]): ServerPlace[] {
  const heaviest = Math.max(...places.map(({ weight }) => weight ?? 1));
  return places.map((place) => ({ ...place, weight: (place.weight ?? 1) / heaviest }));
}

function placeOf(entry: string, position: number): ServerPlace {
  const [server = "", ...attributes] = entry.split(";");
  const read: { zone?: string; weight?: number } = {};
  let at = position + server.length + 1;
  for (const attribute of attributes) {
    const [key = "", value = ""] = attribute.split("=", 2).map((word) => word.trim());
    if (Object.hasOwn(read, key)) throw new ServerListUnfitError(`is a second ${key}`, attribute, at);
    if (key === "zone") read.zone = zoneOf(value, attribute, at);
    else if (key === "weight") read.weight = weightOf(value, attribute, at);
    else throw new ServerListUnfitError("is neither zone=… nor weight=…", attribute, at);
    at += attribute.length + 1;
  }
  return { ...addressOf(server.trim(), entry, position), ...read };
}

function addressOf(server: string, entry: string, position: number): { address: string; port: number } {
  const unfit = (what: string): ServerListUnfitError => new ServerListUnfitError(what, entry, position);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(server)?.[1];
  if (scheme !== undefined && scheme.toLowerCase() !== "http") {
    throw unfit(`is reached by ${scheme}; only http is known`);
  }
  const rest = scheme === undefined ? server : server.slice(scheme.length + 3);
  const hostAndPort = rest.endsWith("/") ? rest.slice(0, -1) : rest;
  if (/[/?#@]/.test(hostAndPort)) throw unfit("is more than a host and a port");
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(hostAndPort);
  if (match === null) throw unfit("is no host and port (an IPv6 address goes into brackets)");
  const [, ipv6, host = "", port] = match;
  if (ipv6 !== undefined ? !isIPv6(ipv6) || ipv6.includes("%") : !hostPattern.test(host))
    throw unfit("has no fit host");
  return { address: (ipv6 ?? host).toLowerCase(), port: port === undefined ? portDefault : portOf(port, unfit) };
}

function portOf(text: string, unfit: (what: string) => ServerListUnfitError): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw unfit("has a port that is not from 1 to 65535");
  return port;
}

function zoneOf(value: string, attribute: string, at: number): string {
  if (!zonePattern.test(value)) throw new ServerListUnfitError("names no fit zone", attribute, at);
  return value;
}

function weightOf(value: string, attribute: string, at: number): number {
  const weight = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : 0;
  if (weight <= 0 || weight > weightMax) {
    throw new ServerListUnfitError(`is no weight above 0, up to ${weightMax}`, attribute, at);
  }
  return weight;
}
