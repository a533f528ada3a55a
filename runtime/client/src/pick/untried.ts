import type { Random } from "@holdfast/kernel";
import type { PickServer } from "./picker.ts";

/** Draws by chance before the untried are counted: enough while most servers are untried. */
const draws = 4;

/** Has this call been there? `tried` holds a few at most, and none in the common case. */
export function isTried(server: PickServer, tried: readonly PickServer[]): boolean {
  return tried.length > 0 && tried.includes(server);
}

/** One of the untried, each with the same chance; `undefined` when all were tried. Allocates nothing. */
export function randomUntried(
  servers: readonly PickServer[],
  tried: readonly PickServer[],
  random: Random,
): PickServer | undefined {
  if (tried.length === 0) return servers[random.below(servers.length)];
  for (let i = 0; i < draws; i++) {
    const server = servers[random.below(servers.length)];
    if (server !== undefined && !tried.includes(server)) return server;
  }
  return countedUntried(servers, tried, undefined, random);
}

/** As {@link randomUntried}, and not `except` either. */
export function anotherUntried(
  servers: readonly PickServer[],
  tried: readonly PickServer[],
  except: PickServer,
  random: Random,
): PickServer | undefined {
  if (servers.length <= 1) return undefined;
  for (let i = 0; i < draws; i++) {
    const server = servers[random.below(servers.length)];
    if (server !== undefined && server !== except && !isTried(server, tried)) return server;
  }
  return countedUntried(servers, tried, except, random);
}

/** Chance was against it: counts what is left, then takes one of those. */
function countedUntried(
  servers: readonly PickServer[],
  tried: readonly PickServer[],
  except: PickServer | undefined,
  random: Random,
): PickServer | undefined {
  let open = 0;
  for (const server of servers) if (server !== except && !tried.includes(server)) open += 1;
  let left = random.below(open);
  for (const server of servers) {
    if (server === except || tried.includes(server)) continue;
    if (left === 0) return server;
    left -= 1;
  }
  return undefined;
}
