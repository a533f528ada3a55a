import assert from "node:assert/strict";
import { test } from "node:test";
import type { StartOrder } from "@holdfast/engine";
import { makeZones, newInstanceId, systemRandom } from "@holdfast/kernel";
import { healthCheckDefaults, type LaunchSpec } from "@holdfast/wire";
import { engineFacts, planContainer } from "../src/container-plan.ts";
import { containerName, labelsOf, ownLabels, specOf } from "../src/labels.ts";
import { startFailure } from "../src/start-failure.ts";

const [zone] = makeZones(1, 1);
assert.ok(zone);

const spec: LaunchSpec = {
  id: newInstanceId(systemRandom()),
  kind: "app",
  application: "movies",
  service: "catalog",
  cluster: "movies-catalog",
  serverGroup: "movies-catalog-v003",
  zone,
  address: "127.1.1.10",
  port: 12_000,
  adminPort: 12_001,
  image: "/images/abc",
  run: "node main.js",
  env: { GREETING: "a=b c" },
  health: healthCheckDefaults,
  drainMs: 5_000,
  logBytesMax: 1_000_000,
};

const order = (changes: Partial<LaunchSpec> = {}): StartOrder => ({
  spec: { ...spec, ...changes },
  command: { file: "node", args: ["main.js", "--title", "two words"] },
  environment: { PORT: "12000", GREETING: "a=b c" },
  logFile: "/logs/i.log",
});
const host = { stack: "s1", network: { kind: "host" } } as const;
const facts = { logDrivers: ["k8s-file"], hasInit: false, limits: { openFiles: 4_096, processes: 2_048 } };

test("a container runs the command as it is, without a shell, with little it could harm", () => {
  const plan = planContainer(order(), "localhost/movies-catalog:1", host, facts);
  assert.deepEqual(plan.Cmd, ["node", "main.js", "--title", "two words"]);
  assert.deepEqual(plan.Entrypoint, []);
  assert.deepEqual(plan.Env, ["PORT=12000", "GREETING=a=b c"]);
  const { HostConfig: config } = plan;
  assert.deepEqual([config.CapDrop, config.SecurityOpt, config.ReadonlyRootfs], [["ALL"], ["no-new-privileges"], true]);
  assert.deepEqual([config.NetworkMode, plan.NetworkingConfig], ["host", undefined]);
  assert.equal(config.RestartPolicy.Name, "no", "who replaces what is for the cloud to decide");
  assert.deepEqual(
    config.Ulimits.map(({ Name, Hard }) => [Name, Hard]),
    [
      ["nofile", 4_096],
      ["nproc", 2_048],
    ],
  );
});

test("on a bridge an instance has its own address", () => {
  const network = { kind: "bridge", name: "holdfast-a", subnet: "10.89.1.0/24" } as const;
  const plan = planContainer(order({ address: "10.89.1.7" }), "x", { stack: "s1", network }, facts);
  const namespaces = { kind: "namespaces", pathOf: () => Promise.resolve("") } as const;
  const ours = planContainer(order(), "x", { stack: "s1", network: namespaces }, facts, "/proc/7/root/net/1.1.10");
  assert.deepEqual([ours.HostConfig.NetworkMode, ours.NetworkingConfig], ["ns:/proc/7/root/net/1.1.10", undefined]);
  assert.equal(plan.HostConfig.NetworkMode, "holdfast-a");
  const endpoint = plan.NetworkingConfig?.EndpointsConfig["holdfast-a"];
  assert.deepEqual(endpoint, { IPAMConfig: { IPv4Address: "10.89.1.7" } });
});

test("an instance is never the first of a pid namespace: it would not hear SIGTERM", () => {
  const plan = (hasInit: boolean): unknown => {
    const { Init, PidMode } = planContainer(order(), "x", host, { ...facts, hasInit }).HostConfig;
    return { Init, PidMode };
  };
  assert.deepEqual(plan(true), { Init: true, PidMode: undefined });
  assert.deepEqual(plan(false), { Init: undefined, PidMode: "host" });
});

test("limits become the engine's, memory without swap; none where none are asked for", () => {
  const limited = planContainer(order({ resources: { cpu: 0.25, memoryBytes: 2e8 } }), "x", host, facts).HostConfig;
  assert.deepEqual(
    [limited.Memory, limited.MemorySwap, limited.CpuPeriod, limited.CpuQuota],
    [2e8, 2e8, 100_000, 25_000],
  );
  const tiny = planContainer(order({ resources: { cpu: 0.001 } }), "x", host, facts).HostConfig;
  assert.deepEqual([tiny.CpuQuota, tiny.Memory], [1_000, undefined]);
  assert.equal("Memory" in planContainer(order(), "x", host, facts).HostConfig, false);
});

test("the engine's log is bounded, in a driver it has and that can be read back", () => {
  const log = (logDrivers: readonly string[]): unknown =>
    planContainer(order(), "x", host, { ...facts, logDrivers }).HostConfig.LogConfig;
  assert.deepEqual(log(["journald", "k8s-file"]), { Type: "k8s-file", Config: { "max-size": "977k" } });
  assert.deepEqual(log(["json-file", "local", "syslog"]), { Type: "local", Config: { "max-size": "977k" } });
});

test("nobody is given more than we have ourselves, and unlimited is a number", () => {
  const limits =
    "Limit  Soft Limit  Hard Limit  Units\nMax processes  96365  96365  processes\nMax open files  1024  4096  files\n";
  assert.deepEqual(engineFacts({ Plugins: { Log: ["local"] }, InitBinary: "docker-init" }, limits), {
    logDrivers: ["local"],
    hasInit: true,
    limits: { openFiles: 4_096, processes: 16_384 },
  });
  const unlimited = limits.replaceAll("96365", "unlimited");
  assert.equal(engineFacts({ Plugins: null }, unlimited).limits?.processes, 16_384);
  assert.equal(engineFacts({ Plugins: null, InitBinary: "" }, "").limits, undefined);
});

test("a container carries its whole launch order, so that whoever finds it knows all", () => {
  const labels = labelsOf("s1", spec);
  assert.deepEqual(specOf({ Labels: labels }), JSON.parse(JSON.stringify(spec)));
  for (const [name, value] of Object.entries(ownLabels("s1", spec.zone.name))) assert.equal(labels[name], value);
  assert.equal(containerName("i-00c0ffee"), "holdfast-i-00c0ffee");
});

test("labels of others, or that somebody has changed, make no instance", () => {
  assert.equal(specOf({ Labels: null }), undefined);
  assert.equal(specOf({ Labels: { "io.holdfast.spec": "{" } }), undefined);
  assert.equal(specOf({ Labels: { ...labelsOf("s1", spec), "io.holdfast.instance": "i-other" } }), undefined);
});

test("why it did not start is told by a stable code, whatever words the engine has for it", () => {
  const code = (words: string): string => startFailure("nope", new Error(words)).reasonCode;
  // Podman 4.3, rootless, for a user without ranges in /etc/subuid (seen).
  const few =
    "ApplyLayer: potentially insufficient UIDs or GIDs available in user namespace (requested 65532:65532 ...)";
  assert.equal(code(few), "ENGINE_USER_IDS_FEW");
  for (const words of [
    'runc: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found',
    'failed to create shim task: OCI runtime create failed: exec: "nope": executable file `nope` not found in $PATH: No such file or directory',
  ]) {
    assert.equal(code(words), "COMMAND_NOT_FOUND");
  }
  assert.equal(code("exec /app/data: permission denied: OCI permission denied"), "COMMAND_NOT_EXECUTABLE");
  assert.equal(code("IPAM error: requested ip address 10.89.1.7 is already allocated"), "ADDRESS_UNAVAILABLE");
  assert.equal(code("no space left on device"), "START_FAILED");
});
