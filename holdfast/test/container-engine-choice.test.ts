import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@holdfast/testing";
import { chooseEngine, containerSockets, findContainerEngine } from "../src/stack/container-engine.ts";

test("what the environment names comes first, then the user's own engine, then the machine's", () => {
  assert.deepEqual(
    containerSockets({
      CONTAINER_HOST: "unix:///a.sock",
      DOCKER_HOST: "tcp://far:2375",
      XDG_RUNTIME_DIR: "/run/user/7",
    }),
    [
      "/a.sock",
      "/run/user/7/podman/podman.sock",
      "/run/user/7/docker.sock",
      "/var/run/docker.sock",
      "/run/podman/podman.sock",
    ],
  );
});

test("the first engine that answers is taken; why the others are not is told", async () => {
  using directory = temporaryDirectory("sockets");
  const path = join(directory.path, "d.sock");
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const missing = join(directory.path, "none.sock");
  assert.deepEqual(await findContainerEngine([missing, path]), { socket: path, why: "" });
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await findContainerEngine([missing]), { socket: undefined, why: `${missing} is not there` });
});

test("processes need nothing; containers are refused in networks of their own", async () => {
  assert.deepEqual(await chooseEngine("process", "netns"), { name: "process" });
  await assert.rejects(chooseEngine("container", "netns"), { code: "ENGINE_ISOLATION_UNFIT" });
});
