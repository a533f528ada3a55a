import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { chooseEngine, containerSockets, findContainerEngine } from "../src/stack/container-engine.ts";

test("what the environment names comes first, then the user's own engine, then the machine's", () => {
  assert.deepEqual(
    containerSockets({
      CONTAINER_HOST: "unix:///a.sock",
      DOCKER_HOST: "tcp://far:2375",
      XDG_RUNTIME_DIR: "/run/user/7",
      HOME: "/home/you",
    }),
    [
      "/a.sock",
      "/run/user/7/podman/podman.sock",
      "/run/user/7/docker.sock",
      "/var/run/docker.sock",
      "/run/podman/podman.sock",
      "/home/you/.docker/run/docker.sock",
      "/home/you/.docker/desktop/docker.sock",
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

test("an engine that is named and is no Unix socket is not passed over in silence", async () => {
  const { why } = await findContainerEngine(undefined, { DOCKER_HOST: "ssh://far" });
  assert.match(why, /^DOCKER_HOST=ssh:\/\/far is no Unix socket/);
});

test("processes need nothing; containers are refused in networks of their own", async () => {
  assert.deepEqual(await chooseEngine("process", "netns"), { name: "process" });
  await assert.rejects(chooseEngine("container", "netns"), (error) => {
    assert.ok(error instanceof PlatformError);
    assert.equal(error.code, "ENGINE_ISOLATION_UNFIT");
    assert.match(error.message, /into networks of their own or the machine's, not into ours/);
    assert.match(error.next ?? "", /--isolation loopback/);
    return true;
  });
});
