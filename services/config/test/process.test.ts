import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { Config, contextQuery, type OpenConfigStream, RemoteSource, SnapshotFile } from "@holdfast/config";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { type DeploymentContext, SseDecoder } from "@holdfast/wire";
import { type ConfigSink, normalScope } from "../src/index.ts";
import { makeWorld, told, type World } from "./world.ts";

/** The server's streams as a process's client opens them, without a network; `isUp` plays a dead server. */
function network(world: World): { isUp: boolean; open: OpenConfigStream } {
  const state = { isUp: true, open };
  function open(...[url, , { onEvent, onEnd }]: Parameters<OpenConfigStream>): { close(): void } {
    if (!state.isUp) {
      onEnd("could not be connected to");
      return { close: () => {} };
    }
    const context = Object.fromEntries(new URL(url).searchParams) as DeploymentContext;
    const decoder = new SseDecoder(onEvent);
    const sink: ConfigSink = {
      write: (bytes) => decoder.push(Buffer.from(bytes).toString("utf8")),
      behind: 0,
      drop: () => onEnd("was dropped"),
    };
    world.server.streams.add(normalScope(context), sink);
    return { close: () => world.server.streams.remove(sink) };
  }
  return state;
}

describe("a process on the configuration server", () => {
  it("does not take a harmful value that its gate took back from its snapshot, although it ended while that was on trial", async (t) => {
    const world = await makeWorld(t);
    const { server, figures, clock } = world;
    const lines = network(world);
    const snapshotFile = join(dirname(world.keysFile), "snapshot.json");
    const start = async (): Promise<{ config: Config; source: RemoteSource }> => {
      const config = new Config({ clock, log: silentLog });
      const source = new RemoteSource(config, clock, new SeededRandom(1), silentLog, {
        servers: ["http://config"],
        context: { serverId: "i-1", zone: "a", appId: "movies" },
        snapshot: new SnapshotFile(snapshotFile),
        open: lines.open,
      });
      t.after(() => source.stop());
      const started = source.start();
      await clock.advance(500);
      await started;
      return { config, source };
    };
    figures.fleet.set("i-1", { zone: "a", requests: 100, errors: 0, p99Ms: 1, unwell: false });
    figures.fleet.set("i-2", { zone: "b", requests: 100, errors: 0, p99Ms: 1, unwell: false });
    await server.setSecret("S", "pl4nted", told);
    await server.set(
      ["timeout", "password"].map((key) => ({ key, scope: {}, value: key === "timeout" ? "100" : "secret('S')" })),
      told,
    );
    const first = await start();
    const timeout = first.config.property("timeout", 7);
    assert.equal(timeout.get(), 100);
    const { id } = await server.startStage({
      ...told,
      key: "timeout",
      scope: {},
      value: "1",
      steps: [{ zones: ["a"] }],
    });
    assert.equal(timeout.get(), 1);
    assert.equal(first.config.explain("timeout").value, "1");
    await clock.advance(1_500);

    // It crashes by that value; the gate takes it back; while it starts again, no server answers.
    first.source.stop();
    figures.fleet.set("i-1", { zone: "a", requests: 0, errors: 0, p99Ms: 0, unwell: true });
    await clock.advance(2_000);
    assert.equal(server.stage(id).state, "reverted");
    lines.isUp = false;
    const second = await start();
    assert.equal(second.config.property("timeout", 7).get(), 100);
    assert.deepEqual([second.source.staleness.isFresh, second.source.staleness.fromSnapshot], [false, true]);
    assert.doesNotMatch(readFileSync(snapshotFile, "utf8"), /pl4nted/);

    lines.isUp = true;
    await clock.advance(5_000);
    assert.equal(second.source.staleness.isFresh, true);
    await server.set([{ key: "timeout", scope: {}, value: "200" }], told);
    assert.equal(second.config.property("timeout", 7).get(), 200);
  });

  it("is told what it is in the words that it says of itself", () => {
    const context = { appId: "movies", zone: "a", serverId: "i-1" };
    assert.deepEqual(normalScope(Object.fromEntries(new URLSearchParams(contextQuery(context)))), context);
  });
});
