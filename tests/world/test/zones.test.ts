import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Stack, waitFor } from "@holdfast/testing";
import { alive, appInstances, bin, full, load, movies, moviesInstances, processesWith, size } from "./support.ts";

interface Doctor {
  readonly faults: readonly { readonly fault: string; readonly support: string; readonly why: string }[];
}
interface Faults {
  readonly mode: string;
  readonly faults: readonly { readonly id: string; readonly packets: number; readonly what: string }[];
}
interface Network {
  readonly place: { readonly pid: number; readonly rootless: boolean; readonly directory: string };
}

const doctor = JSON.parse(
  spawnSync(process.execPath, [bin, "doctor", "--json"], { encoding: "utf8" }).stdout,
) as Doctor;
const partition = doctor.faults.find(({ fault }) => fault.startsWith("partition"));
const skip = partition?.support === "real" ? false : `skipped: needs network namespaces (${partition?.why})`;

suite("zones that are real networks", { skip }, () => {
  let stack: Stack;
  let run: string;
  let network: Network;
  const rate = size(40, 200);

  before(async () => {
    stack = await Stack.up({ bin, application: movies, args: ["--isolation", "netns"] });
    run = JSON.parse(readFileSync(join(stack.ready.stateDirectory, "stack.json"), "utf8")).runDirectory;
    network = JSON.parse(readFileSync(join(run, "network.json"), "utf8"));
    await load(stack.ready.edge, { rate: 40, seconds: 4 });
  });

  after(async () => {
    await stack.down();
    // Nothing is left of it.
    await waitFor("the end of the holder", () => !alive(network.place.pid));
    assert.ok(!existsSync(run), "the run directory is still there");
    assert.ok(!readFileSync("/proc/self/mounts", "utf8").includes(network.place.directory));
  });

  const faults = async (): Promise<Faults> => JSON.parse((await stack.run("fault", "list", "--json")).stdout);

  /** Runs a command in the router's network. */
  function inRouter(...command: string[]): string {
    const { pid, rootless } = network.place;
    const user = rootless ? [`--user=/proc/${pid}/ns/user`, "--preserve-credentials"] : [];
    const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` };
    return execFileSync("nsenter", [...user, `--net=/proc/${pid}/ns/net`, "--", ...command], { encoding: "utf8", env });
  }

  /** Blocks that the kernel keeps from reaching each other now, whoever asked for it. */
  function cutNow(): number {
    const { nftables } = JSON.parse(inRouter("nft", "-j", "list", "table", "inet", "holdfast")) as {
      nftables: readonly { readonly set?: { readonly elem?: readonly unknown[] } }[];
    };
    return nftables.reduce((sum, { set }) => sum + (set?.elem?.length ?? 0), 0);
  }

  test("every instance has a network of its own, and nobody is reached from outside but through the doors", async () => {
    const instances = await appInstances(stack);
    assert.equal(instances.length, moviesInstances);
    const networks = instances.map(({ pid }) => readlinkSync(`/proc/${pid}/ns/net`));
    assert.equal(new Set(networks).size, instances.length);
    assert.ok(!networks.includes(readlinkSync("/proc/self/ns/net")));
    const [first] = instances;
    await assert.rejects(fetch(`http://${first?.address}:${first?.port}/`));
    assert.equal((await fetch(stack.ready.edge)).status, 200);
    assert.equal((await stack.run("status")).code, 0);
  });

  test("a zone cut off from the others under load fails no request, and it heals", async () => {
    const seconds = size(9, 30);
    const running = load(stack.ready.edge, { rate, seconds });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const added = await stack.run("fault", "add", "partition", "--from", "local-1b", "--for", `${size(4, 15)}s`);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /local-1b apart from local-1a and local-1c/);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const [cut] = (await faults()).faults;
    assert.ok((cut?.packets ?? 0) > 0, "no packet met the cut");
    const report = await running;
    assert.equal(report.failed, 0, JSON.stringify(report.failures.slice(0, 5)));
    await waitFor("no fault", async () => (await faults()).faults.length === 0);
    assert.equal(cutNow(), 0);
    await waitFor("full strength", async () => (await appInstances(stack)).length === moviesInstances);
  });

  test("a held fault ends when its holder is killed, within five seconds", async () => {
    const args = [bin, "fault", "add", "loss", "--from", "local-1a", "--to", "local-1b", "--loss", "1"];
    const holder = spawn(process.execPath, [...args, "--for", "5m", "--hold", "--dir", stack.ready.stateDirectory]);
    await waitFor("the fault", async () => (await faults()).faults.length === 1);
    holder.kill("SIGKILL");
    const from = performance.now();
    await waitFor("no fault", async () => (await faults()).faults.length === 0);
    assert.ok(performance.now() - from <= 5_000, `${performance.now() - from} ms`);
  });

  test("a fault ends within five seconds of control's death: the kernel keeps its time", async () => {
    const added = await stack.run("fault", "add", "partition", "--from", "local-1c", "--for", "5m", "--json");
    assert.equal(added.code, 0, added.stderr);
    assert.ok(cutNow() > 0);
    const control = (await stack.ps()).find(({ name }) => name === "control");
    process.kill(control?.pid ?? -1, "SIGSTOP");
    const from = performance.now();
    await waitFor("no cut", async () => cutNow() === 0);
    assert.ok(performance.now() - from <= 5_000, `${performance.now() - from} ms`);
    process.kill(control?.pid ?? -1, "SIGKILL");
    await waitFor("control", async () => (await stack.run("status")).code === 0);
    assert.deepEqual((await faults()).faults, []);
  });

  test("what is wrong with a fault is said, with what to do", async () => {
    const rows: [string[], RegExp][] = [
      [["partition", "--from", "atlantis", "--for", "5s"], /atlantis: is no region, zone, service/],
      [["partition"], /--for/],
      [["earthquake", "--for", "5s"], /partition, refuse, loss/],
      [["loss", "--for", "5s"], /--loss/],
      [["partition", "--from", "local-1", "--to", "local-1", "--for", "5s"], /no zone would reach another/],
    ];
    for (const [args, said] of rows) {
      const { code, stderr } = await stack.run("fault", "add", ...args);
      assert.notEqual(code, 0, args.join(" "));
      assert.match(stderr, said);
    }
    assert.equal((await stack.run("fault", "clear", "nothing-0")).code, 3);
    assert.equal(cutNow(), 0);
  });

  test("a door and the network's holder killed: people still get in, and instances are replaced", async () => {
    process.kill(network.place.pid, "SIGKILL");
    const processes = JSON.parse(readFileSync(join(run, "processes.json"), "utf8")) as Record<string, { pid: number }>;
    process.kill(processes["door-1"]?.pid ?? -1, "SIGKILL");
    // The other door has the port.
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(stack.ready.edge).catch(() => fetch(stack.ready.edge));
      assert.equal(answer.status, 200);
    }
    const holder = (): Network => JSON.parse(readFileSync(join(run, "network.json"), "utf8"));
    await waitFor("another holder", () => holder().place.pid !== network.place.pid);
    network = holder();
    await waitFor("control", async () => (await stack.run("status")).code === 0);
    const [victim] = await appInstances(stack);
    process.kill(victim?.pid ?? -1, "SIGKILL");
    await waitFor("full strength", async () => {
      const up = await appInstances(stack);
      return up.length === moviesInstances && !up.some(({ id }) => id === victim?.id);
    });
  });
});

suite("a stack in networks of its own, killed", { skip }, () => {
  test("leaves no process, mount or socket when everything of it is killed at once", async () => {
    const stack = await Stack.up({ bin, application: movies, args: ["--isolation", "netns", "--no-wait"] });
    const run = JSON.parse(readFileSync(join(stack.ready.stateDirectory, "stack.json"), "utf8")).runDirectory as string;
    const { place } = JSON.parse(readFileSync(join(run, "network.json"), "utf8")) as Network;
    await waitFor("instances", async () => (await stack.ps()).length > 10);
    const all = [...new Set([stack.ready.stateDirectory, run].flatMap(processesWith))];
    assert.ok(all.length > 10);
    for (const pid of [stack.supervisorPid, place.pid, ...all]) if (alive(pid)) process.kill(pid, "SIGKILL");
    await waitFor("the end of all", () => [...all, place.pid].every((pid) => !alive(pid)));
    assert.ok(!readFileSync("/proc/self/mounts", "utf8").includes(place.directory));
    assert.deepEqual(readdirSync(place.directory), []);
    await stack.down();
  });
});

suite("faults that are simulated", () => {
  // The stated size tries the other mode, too: what differs is which address stands for an instance.
  for (const mode of full ? ["loopback", "ports"] : ["ports"]) {
    test(`${mode}: a zone cut off under load fails no request; it is said to be simulated, and ends`, async () => {
      await using stack = await Stack.up({ bin, application: movies, args: ["--isolation", mode] });
      const addresses = new Set((await stack.ps()).map(({ address }) => address));
      assert.equal(addresses.size === 1, mode === "ports", [...addresses].join(", "));
      await load(stack.ready.edge, { rate: 40, seconds: 6 });
      const running = load(stack.ready.edge, { rate: 30, seconds: size(8, 30) });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const added = await stack.run("fault", "add", "partition", "--from", "local-1b", "--for", "4s");
      assert.equal(added.code, 0, added.stderr);
      // Two that talk all the time: most calls stay in their zone, and a zone's cut alone may meet none.
      const members = (await stack.ps()).filter(({ zone }) => zone === "local-1a");
      const idOf = (service: string): string => members.find(({ name }) => name === service)?.id ?? "";
      const [caller, called] = [idOf("api"), idOf("catalog")];
      const pair = await stack.run("fault", "add", "refuse", "--from", caller, "--to", called, "--for", "10s");
      assert.equal(pair.code, 0, pair.stderr);
      const listed = JSON.parse((await stack.run("fault", "list", "--json")).stdout) as Faults &
        Doctor & { support: { support: string }[] };
      assert.equal(listed.faults.length, 2);
      assert.ok(listed.support.every(({ support }) => support === "simulated"));
      await waitFor("the cut to be noticed by who calls", async () => {
        const view = JSON.parse((await stack.run("resilience", "--json")).stdout) as {
          callers: { instance: string; balancers: { servers: { instance: string; failures: number }[] }[] }[];
        };
        return view.callers.some(
          ({ instance, balancers }) =>
            instance === caller &&
            balancers.some(({ servers }) =>
              servers.some((server) => server.instance === called && server.failures > 0),
            ),
        );
      });
      const report = await running;
      assert.equal(report.failed, 0, JSON.stringify(report.failures.slice(0, 5)));
      await waitFor("no fault", async () => {
        const { faults } = JSON.parse((await stack.run("fault", "list", "--json")).stdout) as Faults;
        return faults.length === 0;
      });
      await waitFor("full strength", async () => (await appInstances(stack)).length === moviesInstances);
    });
  }
});
