import assert from "node:assert/strict";
import { createServer } from "node:net";
import { release } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PlatformError } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { chooseEngine, containerSockets, findContainerEngine } from "../src/stack/container-engine.ts";
import { withEngine } from "./answering-engine.ts";

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

test("processes need nothing; where no engine answers, that is told with every socket that was tried", async () => {
  assert.deepEqual(await chooseEngine("process", "netns"), { name: "process" });
  await assert.rejects(chooseEngine("container", "loopback", ["/nowhere/d.sock"]), (error) => {
    assert.ok(error instanceof PlatformError);
    assert.equal(error.code, "CONTAINER_ENGINE_MISSING");
    assert.match(error.message, /\/nowhere\/d\.sock is not there/);
    assert.match(error.next ?? "", /podman system service/);
    return true;
  });
});

test("Docker is refused in networks of ours, any engine in a virtual machine; both with what to do", async () => {
  const docker = { "/version": { Components: [{ Name: "Engine" }] }, "/info": { KernelVersion: release() } };
  await withEngine(docker, async (socket) => {
    assert.deepEqual(await chooseEngine("container", "loopback", [socket]), { name: "container", socket });
    await assert.rejects(chooseEngine("container", "netns", [socket]), (error) => {
      assert.ok(error instanceof PlatformError);
      assert.equal(error.code, "ENGINE_ISOLATION_UNFIT");
      assert.match(error.message, /not with Docker at .*: only Podman run by root/);
      assert.match(error.next ?? "", /--isolation loopback/);
      return true;
    });
  });
  await withEngine({ ...docker, "/info": { KernelVersion: "6.6-linuxkit" } }, async (socket) => {
    await assert.rejects(chooseEngine("container", "loopback", [socket]), { code: "CONTAINER_ENGINE_ELSEWHERE" });
  });
});

test("Podman of root's takes networks of ours, a user's own does not", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("skipped: needs root");
  const podman = { "/version": { Components: [{ Name: "Podman Engine" }] }, "/info": { KernelVersion: release() } };
  await withEngine(podman, async (socket) => {
    assert.deepEqual(await chooseEngine("container", "netns", [socket]), { name: "container", socket });
  });
  const rootless = { ...podman, "/info": { KernelVersion: release(), SecurityOptions: ["name=rootless"] } };
  await withEngine(rootless, async (socket) => {
    await assert.rejects(chooseEngine("container", "netns", [socket]), { code: "ENGINE_ISOLATION_UNFIT" });
  });
});
