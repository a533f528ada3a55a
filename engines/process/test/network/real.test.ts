import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { SystemClock, silentLog } from "@holdfast/kernel";
import type { NetworkFault, NetworkPlace } from "@holdfast/wire";
import { TunDelays } from "../../src/network/delays.ts";
import { behind, enterAddress, enterHouse } from "../../src/network/enter.ts";
import { endHolder, startHolder } from "../../src/network/holder.ts";
import { KernelFaults } from "../../src/network/kernel-faults.ts";
import { Namespaces } from "../../src/network/namespaces.ts";
import { type Shell, shellIn } from "../../src/network/shell.ts";

const clock = new SystemClock();
const full = process.env["HOLDFAST_FULL"] === "1";
const needs = missingHere();

/** Why this machine cannot run these tests; `false` when it can. */
function missingHere(): string | false {
  for (const program of ["ip", "nft", "nsenter", "unshare", "ping"]) {
    const found = spawnSync("sh", ["-c", `command -v ${program}`]);
    if (found.status !== 0) return `needs ${program}`;
  }
  const may = spawnSync("unshare", [...(isRoot() ? [] : ["-Ur"]), "-mn", "true"]);
  return may.status === 0 ? false : "needs network namespaces";
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

const [a, b, c] = ["127.1.1.10", "127.1.2.10", "127.1.3.10"] as const;
const zone = (n: number): string => `127.1.${n}.0/24`;
const both = (one: string, other: string): NetworkFault["pairs"] => [
  [one, other],
  [other, one],
];

describe("a network of namespaces", { skip: needs === false ? false : `skipped: ${needs}` }, () => {
  let directory: string;
  let place: NetworkPlace;
  let shell: Shell;
  let faults: KernelFaults;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-net-"));
    place = await startHolder(clock, join(directory, "net"), !isRoot());
    shell = shellIn(enterHouse(place));
    await new Namespaces(shell, place).ensure([a, b, c]);
    const relay = join(import.meta.dirname, "../../src/network/delay-relay.ts");
    faults = new KernelFaults({
      clock,
      log: silentLog,
      shell,
      delays: new TunDelays(clock, shell, relay, enterHouse(place)),
      directory: place.directory,
    });
    await faults.start();
  });

  after(async () => {
    await faults.close();
    endHolder(place);
    rmSync(directory, { recursive: true, force: true });
    assert.ok(!existsSync(directory));
  });

  /** Sends pings and gives how many came back, and their mean round trip. */
  async function ping(from: string, to: string, count = 3, everyMs = 10): Promise<{ back: number; meanMs: number }> {
    const args = ["-c", String(count), "-i", String(everyMs / 1_000), "-W", "1", "-q", to];
    const output = await outputOf(from, "ping", args);
    const back = Number(/(\d+) received/.exec(output)?.[1] ?? Number.NaN);
    return { back, meanMs: Number(/= [\d.]+\/([\d.]+)\//.exec(output)?.[1] ?? Number.NaN) };
  }

  function outputOf(from: string, program: string, args: readonly string[]): Promise<string> {
    const outer = place.rootless ? enterHouse(place) : [];
    const line = behind([...outer, ...enterAddress(place, from)], program, args);
    return new Promise((resolve) => {
      const child = spawn(line.file, line.args, { stdio: ["ignore", "pipe", "ignore"] });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.once("close", () => resolve(output));
    });
  }

  test("instances reach each other, and the router each of them", async () => {
    assert.equal((await ping(a, b)).back, 3);
    assert.equal((await ping(c, a)).back, 3);
    assert.match(await shell.run("ping", ["-c", "1", "-W", "1", "-q", b], ""), /1 received/);
  });

  test("a zone that is cut off hears nothing, the others do, and it heals", async () => {
    const others = [1, 3].flatMap((n) => both(zone(2), zone(n)));
    await faults.apply({ id: "gorilla", kind: "partition", pairs: others }, 5_000);
    assert.equal((await ping(a, b, 20)).back, 0);
    assert.equal((await ping(b, c, 20)).back, 0);
    assert.equal((await ping(a, c)).back, 3);
    const [state] = await faults.list();
    assert.equal(state?.packets, 40);
    await faults.clear("gorilla");
    assert.equal((await ping(a, b)).back, 3);
    assert.deepEqual(await faults.list(), []);
  });

  test("one way: what is sent arrives, its answer does not", async () => {
    await faults.apply({ id: "one-way", kind: "partition", pairs: [[b, a]] }, 5_000);
    assert.equal((await ping(a, b)).back, 0);
    assert.equal((await faults.list())[0]?.packets, 3);
    await faults.clear("one-way");
  });

  test("the kernel ends a fault that nobody renews, and a renewed one goes on", async () => {
    const fault: NetworkFault = { id: "lease", kind: "partition", pairs: both(a, b) };
    await faults.apply(fault, 400);
    await faults.apply(fault, 1_500);
    await clock.sleep(600);
    assert.equal((await ping(a, b, 1)).back, 0);
    // As it would be with all of us dead: the sweep would come later.
    await faults.apply(fault, 200);
    await clock.sleep(250);
    assert.equal((await ping(a, b, 1)).back, 1);
    await faults.clear("lease");
  });

  /** What a clock shows on a machine that others are busy on is looked at again, a few times. */
  async function withinTries(look: () => Promise<void>): Promise<void> {
    for (let tries = full ? 1 : 5; ; tries--) {
      try {
        return await look();
      } catch (error) {
        if (tries <= 1) throw error;
      }
    }
  }

  afterEach(async () => {
    for (const { id } of await faults.list()) await faults.clear(id);
  });

  test("two faults on the same packets are both in force, each for itself", async () => {
    await faults.apply({ id: "wide", kind: "partition", pairs: [["127.1.0.0/16", zone(2)]] }, 5_000);
    await faults.apply({ id: "narrow", kind: "partition", pairs: both(a, b) }, 5_000);
    await faults.clear("narrow");
    assert.equal((await ping(a, b)).back, 0);
    await faults.clear("wide");
    assert.equal((await ping(a, b)).back, 3);
  });

  test("loss is what was asked for", async () => {
    const count = full ? 2_000 : 400;
    await faults.apply({ id: "loss", kind: "loss", pairs: [[a, b]], lossPercent: 20 }, 30_000);
    const { back } = await ping(a, b, count, 2);
    const lost = ((count - back) / count) * 100;
    // Two points over 2,000 packets; four standard deviations over fewer.
    assert.ok(Math.abs(lost - 20) <= (full ? 2 : 8), `${lost} %`);
    await faults.clear("loss");
  });

  test("refused connections are refused at once", async () => {
    await faults.apply({ id: "refuse", kind: "refuse", pairs: both(zone(1), zone(2)) }, 5_000);
    const script = `const s=require("net").connect(9,${JSON.stringify(b)});const t=Date.now();s.on("error",e=>console.log(e.code,Date.now()-t))`;
    const [code, ms] = (await outputOf(a, process.execPath, ["-e", script])).trim().split(" ");
    assert.equal(code, "ECONNREFUSED");
    assert.ok(Number(ms) < 500);
    await faults.clear("refuse");
  });

  test("delay is what was asked for, to 2 ms or a twentieth", async (t) => {
    const support = await faults.support();
    const delay = support.find(({ fault }) => fault === "delay");
    if (delay?.support !== "real") return t.skip(`skipped: ${delay?.why ?? ""}`);
    for (const delayMs of full ? [5, 50, 200] : [20]) {
      const allowedMs = Math.max(2, delayMs * 0.05);
      await withinTries(async () => {
        const before = (await ping(a, b, 10)).meanMs;
        await faults.apply({ id: "delay", kind: "delay", pairs: [[a, b]], delayMs }, 20_000);
        const { back, meanMs } = await ping(a, b, 20);
        await faults.clear("delay");
        assert.equal(back, 20);
        assert.ok(Math.abs(meanMs - before - delayMs) <= allowedMs, `${meanMs} (${before} without) for ${delayMs}`);
        assert.ok((await ping(a, b)).meanMs < before + 2);
      });
    }
    return undefined;
  });

  test("bandwidth is what was asked for, to a tenth", async (t) => {
    if (spawnSync("sh", ["-c", "command -v iperf3"]).status !== 0) return t.skip("skipped: needs iperf3");
    for (const bitsPerSecond of full ? [2e6, 8e6, 50e6] : [8e6]) {
      await withinTries(async () => {
        await faults.apply({ id: "slow", kind: "bandwidth", pairs: [[a, b]], bitsPerSecond }, 30_000);
        const server = outputOf(b, "iperf3", ["-s", "-1", "-B", b]);
        await clock.sleep(300);
        const json = await outputOf(a, "iperf3", ["-c", b, "-t", full ? "5" : "2", "-O", "1", "-J"]);
        await server;
        await faults.clear("slow");
        const rate = Number(JSON.parse(json)?.end?.sum_received?.bits_per_second);
        assert.ok(Math.abs(rate / bitsPerSecond - 1) <= 0.1, `${rate} for ${bitsPerSecond}`);
      });
    }
    return undefined;
  });

  test("what is no fault becomes no rule", async () => {
    for (const bad of [
      { id: "a; flush ruleset", kind: "partition", pairs: both(a, b) },
      { id: "x", kind: "partition", pairs: [["127.1.1.0/24 } ; flush ruleset ; #", b]] },
      { id: "x", kind: "partition", pairs: [["10.0.0.1", b]] },
      { id: "x", kind: "loss", pairs: both(a, b) },
      { id: "x", kind: "earthquake", pairs: both(a, b) },
    ]) {
      await assert.rejects(faults.apply(bad as unknown as NetworkFault, 1_000), { code: "FAULT_INVALID" });
    }
    assert.deepEqual(await faults.list(), []);
  });
});

test("nothing of a network is left when its holder is killed", {
  skip: needs === false ? false : `skipped: ${needs}`,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-net-"));
  try {
    const place = await startHolder(clock, join(directory, "net"), !isRoot());
    await new Namespaces(shellIn(enterHouse(place)), place).ensure([a, b]);
    process.kill(place.pid, "SIGKILL");
    assert.deepEqual(readdirSync(place.directory), []);
    endHolder(place);
    assert.deepEqual(readdirSync(directory), []);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
