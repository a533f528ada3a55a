import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeZones, PlatformError, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import type { FaultEngine, NetworkFault, NetworkFaultState } from "@holdfast/wire";
import { type AddFaultRequest, addFaultRequestSchema } from "@holdfast/wire/control";
import { FaultHouse } from "../src/faults/fault-house.ts";
import { aimOf, cutsAll, type FaultTarget, reachOf } from "../src/faults/fault-pairs.ts";

const zones = makeZones(1, 3);
const four = makeZones(1, 4);
const two = makeZones(2, 2);
const instances: FaultTarget[] = [
  { id: "i-1", service: "catalog", serverGroup: "movies-catalog-v000", address: "127.1.1.10" },
  { id: "i-2", service: "catalog", serverGroup: "movies-catalog-v000", address: "127.1.2.10" },
  { id: "i-3", service: "users", serverGroup: "movies-users-v000", address: "127.1.1.11" },
];
const request = (input: Partial<AddFaultRequest> = {}) =>
  addFaultRequestSchema.parse({ kind: "partition", for: "30s", ...input });

/** `1>2` for zone 1 of region 1 to zone 2; other blocks as they are. */
function short(pairs: readonly (readonly [string, string])[]): string {
  const name = (block: string): string => /^127\.(\d+\.\d+)\.0\/24$/.exec(block)?.[1]?.replace(/^1\./, "") ?? block;
  return pairs
    .map(([from, to]) => `${name(from)}>${name(to)}`)
    .toSorted()
    .join(" ");
}

describe("what a fault is aimed at", () => {
  const rows: [string, Partial<AddFaultRequest>, typeof zones, string][] = [
    ["one zone from all others", { from: ["local-1b"] }, zones, "1>2 2>1 2>3 3>2"],
    ["one: the last zone, where none is named", {}, zones, "1>3 2>3 3>1 3>2"],
    ["halves", { shape: "halves" }, four, "1>3 1>4 2>3 2>4 3>1 3>2 4>1 4>2"],
    ["halves that are named", { shape: "halves", from: ["local-1a"] }, zones, "1>2 1>3 2>1 3>1"],
    ["a ring of four", { shape: "ring" }, four, "1>3 2>4 3>1 4>2"],
    ["a bridge", { shape: "bridge", from: ["local-1b"] }, zones, "1>3 3>1"],
    ["one way", { from: ["local-1a"], to: ["local-1b"], oneWay: true }, zones, "1>2"],
    ["regions", { from: ["local-1"], to: ["local-2"] }, two, "1>2.1 1>2.2 2.1>1 2.1>2 2.2>1 2.2>2 2>2.1 2>2.2"],
    [
      "a service",
      { from: ["users"], to: ["catalog"] },
      zones,
      "127.1.1.10>127.1.1.11 127.1.1.11>127.1.1.10 127.1.1.11>127.1.2.10 127.1.2.10>127.1.1.11",
    ],
    [
      "one instance from all zones, its own too",
      { from: ["i-2"] },
      zones,
      "127.1.2.10>1 127.1.2.10>2 127.1.2.10>3 1>127.1.2.10 2>127.1.2.10 3>127.1.2.10",
    ],
    ["addresses", { from: ["127.1.1.10"], to: ["127.1.2.0/24"], oneWay: true }, zones, "127.1.1.10>2"],
  ];
  for (const [name, input, where, expected] of rows) {
    test(name, () => assert.equal(short(aimOf(request(input), where, instances).pairs), expected));
  }

  test("what there is not is refused by name, with what there is", () => {
    assert.throws(() => aimOf(request({ from: ["nowhere"] }), zones, instances), { code: "FAULT_PLACE_UNKNOWN" });
    assert.throws(() => aimOf(request({ shape: "ring" }), zones, instances), { code: "FAULT_INVALID" });
    assert.throws(() => aimOf(request({ shape: "bridge" }), two.slice(0, 2), []), { code: "FAULT_INVALID" });
    assert.throws(() => aimOf(request({ from: zones.map(({ name }) => name) }), zones, []), { code: "FAULT_INVALID" });
    assert.throws(() => aimOf(request({ from: ["local-1a"], to: ["local-1b"], shape: "one" }), zones, []), {
      code: "FAULT_INVALID",
    });
  });

  test("a cut of everything from everything is seen", () => {
    const all = zones.flatMap((a) =>
      zones.filter((b) => b !== a).map((b): [string, string] => [`127.1.${a.zone}.0/24`, `127.1.${b.zone}.0/24`]),
    );
    assert.equal(cutsAll(all, zones), true);
    assert.equal(cutsAll(all.slice(1), zones), false);
    assert.equal(cutsAll([["127.1.0.0/16", "127.1.0.0/16"]], zones), true);
  });
});

/** Forgets what is not renewed, as the kernel does. */
class RememberingEngine implements FaultEngine {
  readonly #clock: FakeClock;
  readonly #held = new Map<string, { fault: NetworkFault; untilMs: number }>();
  refuses: string | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async apply(fault: NetworkFault, leaseMs: number): Promise<void> {
    if (this.refuses !== undefined) throw new PlatformError("NETWORK_COMMAND_FAILED", this.refuses);
    this.#held.set(fault.id, { fault, untilMs: this.#clock.monotonicMs() + leaseMs });
  }

  async clear(id: string): Promise<void> {
    this.#held.delete(id);
  }

  async list(): Promise<readonly NetworkFaultState[]> {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#held.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ fault, untilMs }) => ({ ...fault, leaseMs: untilMs - nowMs, packets: 7, bytes: 0 }));
  }

  async support(): Promise<readonly never[]> {
    return [];
  }
}

function world() {
  const clock = new FakeClock(1_000_000);
  const engine = new RememberingEngine(clock);
  const diary: string[] = [];
  const standing = [...instances];
  const house = new FaultHouse({
    clock,
    random: new SeededRandom(1),
    log: silentLog,
    mode: "netns",
    zones,
    engine,
    instances: () => standing,
    remark: (cause) => void diary.push(cause),
  });
  const inForce = async (): Promise<number> => (await engine.list()).length;
  return { clock, engine, diary, standing, house, inForce };
}

test("between which zones a fault is felt, in which direction, and whether all of them feel it", () => {
  const reach = (more: Partial<AddFaultRequest>) =>
    reachOf(aimOf(request(more), zones, instances).pairs, zones).map(
      ({ from, to, whole }) => `${from} ${whole ? "=" : "-"}> ${to}`,
    );
  assert.deepEqual(reach({ from: ["local-1b"], oneWay: true }), ["local-1b => local-1a", "local-1b => local-1c"]);
  assert.equal(reach({ from: ["local-1b"] }).length, 4);
  assert.deepEqual(reach({ from: ["i-1"], to: ["i-2"], oneWay: true }), ["local-1a -> local-1b"]);
  // Within one zone, too.
  assert.deepEqual(reach({ from: ["i-1"], to: ["i-3"] }), ["local-1a -> local-1a"]);
});

describe("faults in force", () => {
  test("are renewed until their time is over, and the diary has both ends", async () => {
    const { clock, house, diary, inForce } = world();
    const fault = await house.add(request({ from: ["local-1b"], reason: "drill" }), "operator");
    for (let s = 0; s < 29; s++) {
      await clock.advance(1_000);
      assert.equal(await inForce(), 1, `after ${s + 1} s`);
    }
    assert.equal((await house.view()).faults[0]?.packets, 7);
    await clock.advance(1_300);
    assert.equal(await inForce(), 0);
    assert.deepEqual((await house.view()).faults, []);
    assert.match(
      diary[0] ?? "",
      /fault partition-\w+ by operator: partition: local-1b apart from local-1a and local-1c, for 30 s: drill/,
    );
    assert.equal(diary[1], `fault ${fault.id} is over: its time is over`);
    await house.close();
    assert.equal(clock.pendingTimers, 0);
  });

  test("end when their holder is silent, and go on while it is not", async () => {
    const { clock, house, inForce, diary } = world();
    const { id } = await house.add(request({ hold: "3s", for: "1m" }), "operator");
    for (let s = 0; s < 10; s++) {
      await clock.advance(2_000);
      house.renew(id);
    }
    assert.equal(await inForce(), 1);
    await clock.advance(3_500);
    assert.equal(await inForce(), 0);
    assert.equal(diary.at(-1), `fault ${id} is over: nobody renewed it`);
    assert.throws(() => house.renew(id), { code: "FAULT_UNKNOWN" });
    await house.close();
  });

  test("are over five seconds after control's death", async () => {
    const { clock, engine, house, inForce } = world();
    await house.add(request(), "operator");
    // Its timers with it.
    engine.refuses = "dead";
    await clock.advance(5_000);
    assert.equal(await inForce(), 0);
    const { faults } = await house.view();
    assert.match(faults[0]?.problem ?? "", /dead/);
    engine.refuses = undefined;
    await clock.advance(1_750);
    assert.equal(await inForce(), 1);
    await house.close();
  });

  test("follow instances that are replaced", async () => {
    const { clock, engine, standing, house } = world();
    await house.add(request({ from: ["users"], to: ["catalog"], oneWay: true }), "operator");
    standing.splice(2, 1, { id: "i-9", service: "users", serverGroup: "movies-users-v000", address: "127.1.3.20" });
    await clock.advance(2_000);
    const [state] = await engine.list();
    assert.deepEqual(
      state?.pairs.map(([from]) => from),
      ["127.1.3.20", "127.1.3.20"],
    );
    standing.splice(2, 1);
    await clock.advance(2_000);
    assert.equal((await engine.list())[0]?.pairs.length, 2);
    await house.close();
  });

  test("that would cut everything off need to be said twice; those too long, or without a holder's time, are refused", async () => {
    const { house } = world();
    const all = { shape: "halves" as const, from: ["127.1.0.0/16"] };
    await assert.rejects(house.add(request(all), "operator"), { code: "FAULT_INVALID" });
    const everyone = { from: ["local-1"], to: ["local-1"] };
    await assert.rejects(house.add(request(everyone), "operator"), { code: "FAULT_WOULD_CUT_ALL" });
    await house.add(request({ ...everyone, force: true }), "operator");
    await assert.rejects(house.add(request({ for: "13h" }), "operator"), { code: "FAULT_TOO_LONG" });
    await assert.rejects(house.add(request({ hold: "2m" }), "operator"), { code: "FAULT_TOO_LONG" });
    await house.close();
  });

  test("that cannot be made are not in the list", async () => {
    const { engine, house } = world();
    engine.refuses = "no such kernel";
    await assert.rejects(house.add(request(), "operator"), { code: "NETWORK_COMMAND_FAILED" });
    assert.deepEqual((await house.view()).faults, []);
    await house.close();
  });
});
