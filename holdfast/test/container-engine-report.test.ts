import assert from "node:assert/strict";
import { test } from "node:test";
import { describeEngine, reportOfEngine } from "../src/stack/container-engine-report.ts";
import { withEngine } from "./answering-engine.ts";

const able = { KernelVersion: "6.1.0", MemoryLimit: true, CpuCfsQuota: true };

test("Podman is told from Docker, and root's from a user's own", async () => {
  const podman = {
    "/version": { Components: [{ Name: "Podman Engine" }, { Name: "Conmon" }] },
    "/info": { ...able, ServerVersion: "4.3.1", SecurityOptions: ["name=rootless"], Plugins: { Log: ["k8s-file"] } },
  };
  await withEngine(podman, async (socket) => {
    assert.equal(describeEngine(await reportOfEngine(socket, "6.1.0")), "Podman 4.3.1, rootless");
  });
  const docker = {
    "/version": { Components: [{ Name: "Engine" }, { Name: "containerd" }] },
    "/info": { ...able, ServerVersion: "27.1", SecurityOptions: ["name=seccomp"], Plugins: { Log: ["json-file"] } },
  };
  await withEngine(docker, async (socket) => {
    assert.equal(describeEngine(await reportOfEngine(socket, "6.1.0")), "Docker 27.1");
  });
});

test("what will not work is said: limits, logs, containers on another kernel", async () => {
  const info = { ServerVersion: "1", KernelVersion: "6.6.0-linuxkit", MemoryLimit: false, CpuCfsQuota: false };
  const answers = { "/version": {}, "/info": { ...info, Plugins: { Log: ["journald"] } } };
  await withEngine(answers, async (socket) => {
    const report = await reportOfEngine(socket, "6.1.0");
    assert.equal(report.elsewhere, true);
    assert.equal(report.lacks.length, 3);
    const text = describeEngine(report);
    for (const part of [/virtual machine/, /resources\.memory/, /resources\.cpu/, /logs cannot be read back/]) {
      assert.match(text, part);
    }
  });
});

test("who does not speak the Docker API is told as such", async () => {
  await withEngine({ "/version": "hello", "/info": "hello" }, async (socket) => {
    await assert.rejects(reportOfEngine(socket), /does not answer as the Docker API does/);
  });
});
