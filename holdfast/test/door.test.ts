import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SystemClock, silentLog } from "@holdfast/kernel";
import { Door } from "../src/door/door.ts";

interface World {
  readonly directory: string;
  readonly port: number;
  /** Somebody behind the door who says its name and repeats what it hears. */
  readonly behind: (name: string) => Promise<Server>;
}

async function world(t: TestContext): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-door-"));
  const door = new Door(new SystemClock(), silentLog);
  const listeners = [{ address: "127.0.0.1", port: 0, directory, prefix: "edge-" }];
  const [port = 0] = await door.listen({ listeners }, false);
  const servers: Server[] = [];
  t.after(() => {
    door.close();
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    port,
    behind: async (name) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.write(`${name}:`);
        socket.pipe(socket);
        socket.on("error", () => {});
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(join(directory, `edge-${name}.sock`), resolve));
      return server;
    },
  };
}

function say(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => (answer += part));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
    socket.end(text);
  });
}

test("a door passes both ways, to each behind it in turn, and half-closed connections stay so", async (t) => {
  const { port, behind } = await world(t);
  await behind("a");
  await behind("b");
  const answers = [await say(port, "one"), await say(port, "two")];
  assert.deepEqual(answers.toSorted(), ["a:one", "b:two"]);
});

test("one that has ended behind it costs a caller nothing, and its socket's file goes", async (t) => {
  const { port, behind, directory } = await world(t);
  const dead = await behind("a");
  await behind("b");
  // As after kill -9: the file stays, nobody listens.
  const { renameSync } = await import("node:fs");
  renameSync(join(directory, "edge-a.sock"), join(directory, "kept"));
  await new Promise((resolve) => dead.close(resolve));
  renameSync(join(directory, "kept"), join(directory, "edge-a.sock"));
  for (let i = 0; i < 4; i++) assert.equal(await say(port, "x"), "b:x");
  assert.deepEqual(readdirSync(directory), ["edge-b.sock"]);
});

test("with nobody behind, a caller waits for a moment, and somebody who comes then serves it", async (t) => {
  const { port, behind } = await world(t);
  const answer = say(port, "early");
  await behind("late");
  assert.equal(await answer, "late:early");
});

test("a caller that goes away takes its connection behind with it", async (t) => {
  const { port, behind } = await world(t);
  const server = await behind("a");
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("data", resolve));
  assert.equal(await countOf(server), 1);
  socket.destroy();
  for (let tries = 0; (await countOf(server)) > 0; tries++) {
    assert.ok(tries < 100);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

function countOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
