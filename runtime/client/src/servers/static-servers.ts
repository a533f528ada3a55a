import { type ServerList, staticServers } from "@holdfast/discovery";
import { recordOfPlace } from "./server-record.ts";
import { parseServers } from "./server-text.ts";

/**
 * Servers by app as text, each as {@link parseServers} reads it: `{ catalog: "a:7001,b:7001;zone=east-1b" }`. They never
 * change; lists that do are {@link configuredServers}.
 *
 * @throws ServerListUnfitError
 */
export function listedServers(lists: Readonly<Record<string, string>>): ServerList {
  const records = Object.entries(lists).map(([app, text]) => {
    return [app, parseServers(text).map((place) => recordOfPlace(app, "static", place))] as const;
  });
  return staticServers(Object.fromEntries(records.filter(([, list]) => list.length > 0)));
}
