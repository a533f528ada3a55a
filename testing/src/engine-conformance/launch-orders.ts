import { createServer } from "node:net";
import { addressOf, makeZones, newInstanceId, systemRandom, type Zone } from "@holdfast/kernel";
import { healthCheckDefaults, type LaunchSpec } from "@holdfast/wire";
import type { SpecChanges } from "./engine-world.ts";

const random = systemRandom();
let host = 10;

/** The zone that tests of engines have: far from those of a real stack on this machine. */
export const testZone: Zone = lastOf(makeZones(8, 9));

/** A launch order in {@link testZone} for a free address with free ports. Checks come every 200 ms, drains last 5 s. */
export async function launchOrder(image: string, run: string, changes: SpecChanges = {}): Promise<LaunchSpec> {
  const address = addressOf(testZone, host++);
  return {
    id: newInstanceId(random),
    kind: "app",
    application: "movies",
    service: "catalog",
    cluster: "movies-catalog",
    serverGroup: "movies-catalog-v000",
    zone: testZone,
    address,
    port: await freePort(address),
    adminPort: await freePort(address),
    image,
    run,
    env: {},
    drainMs: 5_000,
    logBytesMax: 1_000_000,
    ...changes,
    health: { ...healthCheckDefaults, intervalMs: 200, timeoutMs: 500, ...changes.health },
  };
}

function lastOf(zones: readonly Zone[]): Zone {
  const last = zones.at(-1);
  if (last === undefined) throw new Error("no zone");
  return last;
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}
