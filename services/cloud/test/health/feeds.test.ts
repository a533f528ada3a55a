import assert from "node:assert/strict";
import { test } from "node:test";
import { makeZones, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { type Engine, type HttpQuestion, httpHealthCheckDefaults, type InstanceStatus } from "@holdfast/wire";
import { Cloud, DurableState, type GroupSettings, MemoryStore } from "../../src/index.ts";
import { FakeEngine } from "../fake-engine.ts";
import { definition } from "../world.ts";

const group = "movies-catalog-v000";
const operator = { actor: "operator" };
const health = { ...httpHealthCheckDefaults, path: "/health", intervalMs: 5_000 };

/** A cloud whose instances answer as a test says, and registries that say what a test says. */
class Clinic {
  readonly clock = new FakeClock();
  readonly engine = new FakeEngine(this.clock);
  /** Instances and groups that answer 503; `*`: all, also those to come. */
  readonly failing = new Set<string>();
  /** Zones whose agents cannot be asked. */
  readonly muteZones = new Set<string>();
  readonly asked: HttpQuestion[] = [];
  /** What the registries say that is not UP; `gone` is not there. */
  readonly said = new Map<string, InstanceStatus | "gone">();
  registriesAnswer = true;
  readonly cloud: Cloud;

  constructor() {
    const state = new DurableState(this.clock, silentLog, new MemoryStore());
    const ask: Engine["ask"] = async (questions) => {
      this.asked.push(...questions);
      return questions.flatMap(({ id, path }) => {
        const spec = this.engine.all().find((one) => one.spec.id === id)?.spec;
        if (this.muteZones.has(spec?.zone.name ?? "")) return [];
        const isFailing = [id, "*", spec?.serverGroup ?? ""].some((what) => this.failing.has(what));
        const status = isFailing ? 503 : 200;
        return [{ id, status, detail: `${path} answers ${status}` }];
      });
    };
    Object.assign(this.engine, { ask });
    const registry = {
      statuses: async (): Promise<ReadonlyMap<string, InstanceStatus>> => {
        if (!this.registriesAnswer) throw new Error("no registry answers");
        const statuses = new Map<string, InstanceStatus>();
        for (const { spec, state: how } of this.engine.all()) {
          const status = this.said.get(spec.id) ?? "UP";
          if (how === "up" && status !== "gone") statuses.set(spec.id, status);
        }
        return statuses;
      },
    };
    const stored = { groups: [], applications: {}, activities: [], operations: [], meta: {} };
    const options = { zones: makeZones(1, 3), ports: { first: 10_010, last: 10_999 }, registry };
    this.cloud = new Cloud(this.clock, new SeededRandom(1), silentLog, this.engine, state, stored, options);
    this.cloud.start();
  }

  static async of(desired: number, settings: Partial<GroupSettings>): Promise<Clinic> {
    const clinic = new Clinic();
    await clinic.cloud.deploy("movies", {}, [definition("catalog", desired)], "operator");
    await clinic.clock.advance(15_000);
    await clinic.cloud.serverGroups.configure(group, settings, operator);
    await clinic.clock.advance(15_000);
    return clinic;
  }

  get first(): string {
    const [one] = this.engine.up("catalog");
    assert.ok(one);
    return one.spec.id;
  }

  get ended(): string[] {
    return this.engine.all().flatMap(({ spec, state }) => (state === "stopped" ? [spec.id] : []));
  }

  /** Why instances were ended. */
  causes(): string[] {
    const ends = this.cloud.recentActivities(500).filter(({ kind }) => kind === "terminate");
    return ends.map(({ cause }) => cause);
  }
}

test("an instance that fails the HTTP check three times in a row is replaced in its zone, and the diary says why", async () => {
  const clinic = await Clinic.of(3, { healthChecks: ["process", "http"], httpCheck: health });
  const { first } = clinic;
  clinic.failing.add(first);
  await clinic.clock.advance(9_000);
  assert.deepEqual(clinic.ended, []);
  await clinic.clock.advance(9_000);
  assert.deepEqual(clinic.ended, [first]);
  assert.equal(clinic.engine.upZones("catalog"), "abc");
  assert.deepEqual(clinic.causes(), [`${first} is unhealthy: http: /health answers 503, not 200-299`]);
});

test("without the check in its settings a group asks nobody", async () => {
  const clinic = await Clinic.of(3, { healthChecks: ["process"], httpCheck: health });
  clinic.failing.add("*");
  await clinic.clock.advance(60_000);
  assert.deepEqual([clinic.asked.length, clinic.ended.length], [0, 0]);
});

test("each instance is asked in its group's rhythm, no oftener", async () => {
  const clinic = await Clinic.of(3, { healthChecks: ["http"], httpCheck: { ...health, intervalMs: 20_000 } });
  clinic.asked.length = 0;
  await clinic.clock.advance(120_000);
  assert.equal(clinic.asked.length, 18);
});

test("an instance that flaps is left alone, and made well by two good answers once it was sick", async () => {
  const clinic = await Clinic.of(3, { healthChecks: ["http"], httpCheck: health });
  const { first } = clinic;
  for (let i = 0; i < 20; i++) {
    if (i % 3 === 2) clinic.failing.delete(first);
    else clinic.failing.add(first);
    await clinic.clock.advance(5_000);
  }
  assert.deepEqual(clinic.ended, []);
});

test("in its grace period an instance is asked, and not replaced for its answers", async () => {
  const settings = { healthChecks: ["http"], httpCheck: health, healthCheckGraceMs: 120_000 } as const;
  const clinic = await Clinic.of(3, settings);
  clinic.failing.add(clinic.first);
  await clinic.clock.advance(60_000);
  assert.deepEqual(clinic.ended, []);
  await clinic.clock.advance(60_000);
  assert.equal(clinic.ended.length, 1);
});

test("when all fail at once the check is suspected: one of nine goes at a time, the next once its successor has passed", async () => {
  const clinic = await Clinic.of(9, { healthChecks: ["http"], httpCheck: health });
  for (const { spec } of clinic.engine.up("catalog")) clinic.failing.add(spec.id);
  let least = 9;
  let isSaid = false;
  for (let i = 0; i < 180 && clinic.ended.length < 9; i++) {
    await clinic.clock.advance(1_000);
    least = Math.min(least, clinic.engine.up("catalog").length);
    // Two good answers, five seconds apart, prove each successor.
    assert.ok(clinic.ended.length <= 2 + i / 6, `${clinic.ended.length} after ${i} s`);
    const reasons = clinic.cloud.group(group)?.waits.map(({ reason }) => reason) ?? [];
    isSaid ||= reasons.some((reason) => /of 9 look unhealthy at once: the check is suspected/.test(reason));
  }
  assert.ok(isSaid, "the reason is shown");
  assert.equal(least, 8, "never more than one away at a time");
  await clinic.clock.advance(30_000);
  assert.equal(clinic.ended.length, 9, "in the end all that were sick have been replaced, and nobody else");
  assert.equal(clinic.engine.upZones("catalog"), "aaabbbccc");
});

test("a check that breaks for everybody costs one instance, however long it stays broken", async () => {
  const clinic = await Clinic.of(9, { healthChecks: ["http"], httpCheck: health });
  clinic.failing.add("*");
  let least = 9;
  for (let i = 0; i < 600; i++) {
    await clinic.clock.advance(1_000);
    least = Math.min(least, clinic.engine.up("catalog").length);
  }
  assert.deepEqual([least, clinic.ended.length], [8, 1]);
  clinic.failing.clear();
  await clinic.clock.advance(60_000);
  assert.equal(clinic.ended.length, 1);
  assert.equal(clinic.engine.upZones("catalog"), "aaabbbccc");
});

test("a path that was never right replaces nobody, and says so", async () => {
  const clinic = new Clinic();
  clinic.failing.add("*");
  await clinic.cloud.deploy("movies", {}, [definition("catalog", 6)], "operator");
  await clinic.clock.advance(15_000);
  await clinic.cloud.serverGroups.configure(group, { healthChecks: ["http"], httpCheck: health }, operator);
  await clinic.clock.advance(300_000);
  assert.deepEqual(clinic.ended, []);
  const [one] = clinic.engine.up("catalog");
  assert.ok(one);
  const [verdict] = clinic.cloud.healthOf(one);
  assert.equal(verdict?.counts, false);
  assert.match(verdict?.note ?? "", /no instance of movies-catalog has ever passed it/);
});

test("of a zone whose agent cannot be asked nothing is said, and nobody there is replaced", async () => {
  const clinic = await Clinic.of(6, { healthChecks: ["http"], httpCheck: health });
  clinic.failing.add("*");
  for (const zone of makeZones(1, 3)) clinic.muteZones.add(zone.name);
  await clinic.clock.advance(300_000);
  assert.deepEqual(clinic.ended, []);
});

for (const status of ["DOWN", "gone"] as const) {
  test(`an instance that is ${status} in the registries is replaced where the group asks them`, async () => {
    const clinic = await Clinic.of(3, { healthChecks: ["process", "registry"] });
    const { first } = clinic;
    clinic.said.set(first, status);
    await clinic.clock.advance(9_000);
    assert.deepEqual(clinic.ended, []);
    await clinic.clock.advance(12_000);
    assert.deepEqual(clinic.ended, [first]);
    assert.match(clinic.causes()[0] ?? "", /is unhealthy: registry: the registries (say DOWN|do not know it any more)/);
  });
}

for (const status of ["OUT_OF_SERVICE", "STARTING", "UNKNOWN"] as const) {
  test(`an instance that is ${status} in the registries is not sick`, async () => {
    const clinic = await Clinic.of(3, { healthChecks: ["registry"] });
    clinic.said.set(clinic.first, status);
    await clinic.clock.advance(120_000);
    assert.deepEqual(clinic.ended, []);
  });
}

test("who has never registered is not missed, and with no registry answering nobody is", async () => {
  const clinic = new Clinic();
  clinic.registriesAnswer = false;
  await clinic.cloud.deploy("movies", {}, [definition("catalog", 3)], "operator");
  await clinic.clock.advance(15_000);
  for (const { spec } of clinic.engine.all()) clinic.said.set(spec.id, "gone");
  await clinic.cloud.serverGroups.configure(group, { healthChecks: ["registry"] }, operator);
  await clinic.clock.advance(60_000);
  clinic.registriesAnswer = true;
  await clinic.clock.advance(120_000);
  assert.deepEqual(clinic.ended, []);
});

test("registries that forget everybody at once are suspected, and when they remember nothing more happens", async () => {
  const clinic = await Clinic.of(9, { healthChecks: ["process", "registry"] });
  for (const { spec } of clinic.engine.all()) clinic.said.set(spec.id, "gone");
  let least = 9;
  for (let i = 0; i < 25; i++) {
    await clinic.clock.advance(1_000);
    least = Math.min(least, clinic.engine.up("catalog").length);
  }
  assert.ok(clinic.ended.length <= 2, `${clinic.ended.length} ended`);
  clinic.said.clear();
  await clinic.clock.advance(120_000);
  assert.ok(clinic.ended.length <= 3, `${clinic.ended.length} ended`);
  assert.equal(least, 8);
  assert.equal(clinic.engine.upZones("catalog"), "aaabbbccc");
});

for (const [name, wrong] of [
  ["a path without its slash", { path: "health" }],
  ["a matcher that is none", { matcher: "2xx" }],
  ["an interval under a second", { intervalMs: 500 }],
  ["a timeout of two minutes and more", { timeoutMs: 120_001 }],
  ["a threshold of nought", { unhealthyThreshold: 0 }],
  ["a threshold over ten", { healthyThreshold: 11 }],
] as const) {
  test(`an HTTP check with ${name} is refused`, async () => {
    const clinic = await Clinic.of(3, {});
    const change = { httpCheck: { ...health, ...wrong } };
    await assert.rejects(clinic.cloud.serverGroups.configure(group, change, operator), {
      code: "GROUP_SETTINGS_INVALID",
    });
  });
}

test("a deployment waits until its successors have passed the group's checks; while they do not, the old ones serve", async () => {
  const clinic = await Clinic.of(3, { healthChecks: ["http"], httpCheck: health });
  const next = "movies-catalog-v001";
  clinic.failing.add(next);
  const operations = await clinic.cloud.deploy(
    "movies",
    {},
    [definition("catalog", 3, { run: "node next.js" })],
    "operator",
  );
  const old = (): number => clinic.engine.up("catalog").filter(({ spec }) => spec.serverGroup === group).length;
  const reasons = new Set<string>();
  for (let i = 0; i < 300; i++) {
    await clinic.clock.advance(1_000);
    assert.equal(old(), 3);
    for (const { reason } of clinic.cloud.group(next)?.waits ?? []) reasons.add(reason);
  }
  assert.ok(reasons.has("1 of its new instances has not passed the group's checks yet"), [...reasons].join());
  clinic.failing.clear();
  await clinic.clock.advance(90_000);
  assert.equal(old(), 0);
  assert.equal(clinic.cloud.operation(operations[0]?.id ?? "")?.state, "succeeded");
  assert.equal(clinic.engine.upZones("catalog"), "abc");
});
