import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { ContainerRuntime } from "@holdfast/engine-container";
import { ProcessEngine, runAgent } from "@holdfast/engine-process";
import { ImageStore } from "@holdfast/image";
import { type InstanceId, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { temporaryDirectory } from "@holdfast/testing";
import { AgentWorld, engineConformance, PodmanService, SocketProxy } from "@holdfast/testing/engine-conformance";
import { bundleImages } from "../src/container-agent/bundle-images.ts";

const clock = new SystemClock();
const random = systemRandom();

/** Two minutes of starting containers, one after the other: of the full size. */
const isFull = process.env["HOLDFAST_FULL"] === "1";
const missing = isFull ? PodmanService.missing : "only with HOLDFAST_FULL=1";

describe("with podman", { skip: missing === false ? false : `skipped: ${missing}` }, () => {
  const directory = temporaryDirectory("podman");
  const podman = new PodmanService(join(directory.path, "p"));
  const images = bundleImages(clock, silentLog);
  let bundle = "";
  const places = new AsyncDisposableStack();

  before(async () => {
    await podman.start();
    const source = join(directory.path, "source");
    mkdirSync(source);
    writeFileSync(join(source, "README"), "programs come by the command line");
    const store = new ImageStore(join(directory.path, "images"), clock);
    bundle = (await store.bake({ source })).directory;
  });

  after(async () => {
    assert.equal(podman.run("ps", "--all", "--quiet").trim(), "");
    await places.disposeAsync();
    await podman[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  engineConformance({
    name: "the container engine",
    cannot: { shell: "there is no shell in an image of ours" },
    skip: false,
    open: async () => {
      const world = temporaryDirectory("engine-socket");
      const proxy = await new SocketProxy(join(world.path, "d.sock"), podman.socket).start();
      places.use(world);
      places.use(proxy);
      return AgentWorld.open({
        start: async (settings) => {
          const runtime = new ContainerRuntime(clock, silentLog, {
            stack: world.path,
            zone: settings.zone,
            socket: proxy.path,
            network: { kind: "host" },
            images,
            logFileOf: (spec) => join(settings.logDirectory, `${spec.id}.log`),
          });
          const running = await runAgent(clock, random, silentLog, settings, {}, runtime);
          return {
            usage: (id) => running.agent.usage(id as InstanceId),
            shutdown: (graceMs) => running.agent.shutdown(graceMs),
            close: () => running.close(),
          };
        },
        connect: (sockets, epoch) => new ProcessEngine(clock, silentLog, { sockets, epoch }),
        image: () => bundle,
        leftovers: async () => {
          const label = `io.holdfast.stack=${world.path}`;
          return podman
            .run("ps", "--all", "--filter", `label=${label}`, "--format", "{{.Names}} {{.State}}")
            .split("\n")
            .filter((line) => line !== "");
        },
        beneath: { attempts: () => proxy.attempts, lose: () => proxy.lose() },
      });
    },
  });
});
