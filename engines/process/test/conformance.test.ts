import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type InstanceId, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { AgentWorld, type Cannot, engineConformance } from "@holdfast/testing/engine-conformance";
import { Env } from "@holdfast/wire";
import { ProcessEngine, runAgent } from "../src/index.ts";
import { cgroupsOfThisMachine } from "../src/system/cgroup.ts";
import { processesWithEnvironment } from "../src/system/processes.ts";

const clock = new SystemClock();
const random = systemRandom();
const trees = cgroupsOfThisMachine();
const canLimit = process.geteuid?.() === 0 && trees?.cpu !== undefined && trees.memory !== undefined;

const cannot: Cannot = {
  "exit-code-after-adoption": "a process tells its exit code to its parent only",
  "engine-beneath": "nothing is beneath the agent but the system itself",
  "adoption-without-state": "a process does not carry its launch order",
  ...(canLimit ? {} : { "resource-limits": "limits of processes need root and cgroup controllers" }),
  ...(process.platform === "linux" ? {} : { usage: "only Linux tells what others' processes use" }),
};

engineConformance({
  name: "the process engine",
  cannot,
  skip: process.platform === "win32" ? "needs Unix processes" : false,
  open: () =>
    AgentWorld.open({
      start: async (settings) => {
        const running = await runAgent(clock, random, silentLog, settings);
        return {
          usage: (id) => running.agent.usage(id as InstanceId),
          shutdown: (graceMs) => running.agent.shutdown(graceMs),
          close: () => running.close(),
        };
      },
      connect: (sockets, epoch) => new ProcessEngine(clock, silentLog, { sockets, epoch }),
      image: (directory) => {
        const image = join(directory, "image");
        mkdirSync(image);
        return image;
      },
      leftovers: async (ids) =>
        processesWithEnvironment(Env.instanceId, new Set(ids)).map(({ pid }) => `process ${pid}`),
    }),
});
