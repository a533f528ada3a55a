import assert from "node:assert/strict";
import type { RunningRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { outsideClient, started, stopped } from "./eureka-js-client.ts";
import type { OutsideProcess } from "./outside-process.ts";

type Held = ReturnType<RunningRegistry["registry"]["find"]>;

/** Java needs some seconds to begin, on cores that others use too. */
const patience = { timeoutMs: 40_000 };

/**
 * What every client does at a registry of ours: it registers, is in its own view, renews, sees another come and go, is
 * back by itself after the registry forgot it, and leaves. Closes the client.
 */
export async function wholeLife(
  running: RunningRegistry,
  client: OutsideProcess,
  { app, id }: { readonly app: string; readonly id: string },
): Promise<void> {
  const held = (): Held => running.registry.find(app, id);
  const other = { app: "catalog", vip: "catalog", id: "other-1", host: "host-1", port: 8_001 };
  try {
    await waitFor("it to register", () => client.sees && held(), patience);
    await waitFor("itself in its view", () => client.sees[app.toUpperCase()]?.includes(id), patience);

    const before = held()?.renewedAtMs ?? 0;
    await waitFor("a heartbeat", () => (held()?.renewedAtMs ?? 0) > before, patience);

    const neighbour = outsideClient({ registries: [running.url], ...other });
    await started(neighbour);
    try {
      await waitFor("the other in its view", () => client.sees["CATALOG"]?.join() === other.id, patience);
    } finally {
      await stopped(neighbour);
    }
    await waitFor("the other to be gone from it", () => client.sees["CATALOG"] === undefined, patience);

    running.registry.cancel(app, id, "test");
    assert.equal(held(), undefined);
    await waitFor("it to be back", held, patience);
  } catch (error) {
    await client.close();
    throw error;
  }
  assert.ok(await client.close(), `it ends by itself; its last words: ${client.noise}`);
  // A heartbeat that was under way while it left may have registered it again; what was said counts.
  const { events } = running.registry.events({ app, id });
  const left = events.findLast(({ kind }) => kind === "removed");
  assert.ok(left !== undefined && left.by !== "test", `it has left by itself: ${JSON.stringify(events)}`);
}
