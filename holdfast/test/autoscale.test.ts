import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupStatus } from "@holdfast/cloud-server";
import { InstanceFigures } from "@holdfast/insight-server";
import { type InstanceId, silentLog } from "@holdfast/kernel";
import type { MeterSnapshot } from "@holdfast/metrics";
import { FakeClock } from "@holdfast/testing";
import type { InstanceObservation } from "@holdfast/wire";
import { parseApplication } from "@holdfast/wire/application";
import type { MetricPoint } from "@holdfast/wire/control";
import { AutoscaleHouse, checkScaling } from "../src/autoscale/autoscale-house.ts";
import { GroupFigures } from "../src/autoscale/group-figures.ts";
import { PrimaryGroups, type ScaledCloud } from "../src/autoscale/primary-groups.ts";

const minuteMs = 60_000;
const startMs = Date.parse("2026-01-05T12:00:00Z");

interface Instance {
  readonly id: string;
  readonly group: string;
  lifecycle: "InService" | "Standby";
}
interface Group {
  readonly name: string;
  readonly service: string;
  desired: number;
  isPrimary: boolean;
  supersedes: string[];
  suspended: string[];
  rollout: string | undefined;
  disabledAtMs: number | undefined;
}

/** As much of a cloud as scaling sees. */
class FakeCloud {
  readonly groupsNow: Group[] = [];
  instances: Instance[] = [];
  lost: string[] = [];
  readonly listeners = new Set<() => void>();
  readonly resized: { name: string; desired: number; cause: string }[] = [];

  add(name: string, service: string, count: number): Group {
    const group: Group = {
      name,
      service,
      desired: count,
      isPrimary: true,
      supersedes: [],
      suspended: [],
      rollout: undefined,
      disabledAtMs: undefined,
    };
    this.groupsNow.push(group);
    this.fill(group);
    return group;
  }

  /** Instances come and go at once. */
  fill({ name, desired }: Group): void {
    const others = this.instances.filter((one) => one.group !== name);
    const own = Array.from({ length: desired }, (_, index): Instance => {
      return { id: `${name}-${index}`, group: name, lifecycle: "InService" };
    });
    this.instances = [...others, ...own];
  }

  get port(): ScaledCloud {
    const groups = (): GroupStatus[] => this.groupsNow.map((group) => this.#status(group));
    const lifecycleOf = (one: InstanceObservation): string =>
      this.instances.find(({ id }) => id === one.spec.id)?.lifecycle ?? "Terminated";
    const resize = async (name: string, size: { desired?: number }, asker: { cause?: string }): Promise<void> => {
      await Promise.resolve();
      const group = this.groupsNow.find((one) => one.name === name);
      assert.ok(group !== undefined && size.desired !== undefined);
      this.resized.push({ name, desired: size.desired, cause: asker.cause ?? "" });
      group.desired = size.desired;
      this.fill(group);
      for (const listener of this.listeners) listener();
    };
    const subscribe = (listener: () => void): (() => void) => {
      this.listeners.add(listener);
      return () => void this.listeners.delete(listener);
    };
    const port = { groups, lifecycleOf, lostZones: () => this.lost, serverGroups: { resize }, subscribe };
    return port as unknown as ScaledCloud;
  }

  #status({ name, service, desired, isPrimary, supersedes, suspended, rollout, disabledAtMs }: Group): GroupStatus {
    const instances = this.instances
      .filter(({ group }) => group === name)
      .map(({ id }) => ({ spec: { id: id as InstanceId }, state: "up" }));
    const group = {
      name,
      desired,
      supersedes,
      disabledAtMs,
      settings: { suspended },
      rollout: rollout === undefined ? undefined : { kind: rollout },
      definition: { service, kind: "app", scale: { min: 1, desired, max: 9 } },
    };
    return { group, instances, isPrimary, waits: [], crash: "" } as unknown as GroupStatus;
  }
}

function shown(requests: number, cpuSeconds: number): MeterSnapshot[] {
  const timed = { kind: "timer", name: "ipc.server.call", totalMs: 0, maxMs: 0, buckets: [] } as const;
  return [
    { ...timed, tags: { "http.status": "200" }, count: requests },
    { kind: "counter", name: "nodejs.cpu", tags: { id: "user" }, count: cpuSeconds },
  ];
}

/** Looks each ten seconds for some minutes; the load of a service is spread over its instances. */
class Insight {
  readonly figures = new InstanceFigures();
  readonly #requests = new Map<string, number>();
  perMinute = 300;
  silent: (id: string) => boolean = () => false;

  look(cloud: FakeCloud, nowMs: number): void {
    const ids = cloud.instances.filter(({ lifecycle }) => lifecycle === "InService").map(({ id }) => id);
    this.figures.look(ids, nowMs);
    for (const id of ids) {
      const requests = (this.#requests.get(id) ?? 0) + this.perMinute / 6 / ids.length;
      this.#requests.set(id, requests);
      if (!this.silent(id)) this.figures.add(id, shown(requests, requests / 100), nowMs, startMs);
    }
  }
}

function house(world: { clock: FakeClock; cloud: FakeCloud; insight: Insight }, more: { stored?: string } = {}) {
  const kept: string[] = [];
  const made = new AutoscaleHouse({
    clock: world.clock,
    log: silentLog,
    cloud: world.cloud.port,
    figures: world.insight.figures,
    minutes: () => [],
    stored: more.stored,
    keep: (state) => kept.push(state),
  });
  return { house: made, kept };
}

function application(scale: object): Parameters<typeof checkScaling>[0] {
  const parsed = parseApplication({ services: { catalog: { run: "node catalog.js", scale } } });
  assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
  return parsed.application;
}

const tracking = {
  name: "rpm",
  policyType: "TargetTrackingScaling",
  metric: "ALBRequestCountPerTarget",
  targetValue: 100,
};

test("requests measured by insight become the right number of instances within three periods, with the cause in the diary", async (t) => {
  const world = { clock: new FakeClock(startMs), cloud: new FakeCloud(), insight: new Insight() };
  world.cloud.add("movies-catalog-v000", "catalog", 3);
  const ticker = world.clock.every(10_000, () => world.insight.look(world.cloud, world.clock.wallMs()));
  const { house: autoscale } = house(world);
  t.after(() => {
    ticker.cancel();
    autoscale.close();
  });
  autoscale.configure(application({ policies: [tracking] }));
  autoscale.start();
  await world.clock.advance(20 * minuteMs);
  assert.equal(world.cloud.resized.length, 0);
  world.insight.perMinute = 750;
  await world.clock.advance(3 * minuteMs + 15_000);
  assert.equal(world.cloud.resized.length, 1);
  assert.deepEqual(world.cloud.resized[0]?.desired, 8);
  assert.match(world.cloud.resized[0]?.cause ?? "", /ALBRequestCountPerTarget was over the target of 100/);
  const view = autoscale.get("catalog");
  assert.deepEqual([view.desired, view.inService, view.origin, view.policies[0]?.stance], [8, 8, "file", "hold"]);
});

test("plans that were set come back with control, and a plan the file takes away is gone", () => {
  const world = { clock: new FakeClock(startMs), cloud: new FakeCloud(), insight: new Insight() };
  world.cloud.add("movies-catalog-v000", "catalog", 3);
  const first = house(world);
  const file = application({ policies: [tracking] });
  first.house.configure(file);
  const other = application({ policies: [{ ...tracking, targetValue: 50 }] }).services["catalog"]?.scale?.policies;
  assert.ok(other !== undefined);
  assert.equal(first.house.set("catalog", { policies: other }).origin, "set");
  const again = house(world, { stored: first.kept.at(-1) ?? "" });
  again.house.configure(file);
  assert.deepEqual(
    again.house.list().map(({ origin, policies }) => [origin, policies[0]?.policy]),
    [["set", other[0]]],
  );
  assert.equal(again.house.reset("catalog").origin, "file");
  again.house.configure(undefined);
  assert.deepEqual(again.house.list(), []);
});

test("a view tells what comes next, what is suspended, and what a forecast lacks", () => {
  const world = { clock: new FakeClock(startMs), cloud: new FakeCloud(), insight: new Insight() };
  const group = world.cloud.add("movies-catalog-v000", "catalog", 3);
  group.suspended = ["AlarmNotification", "Launch"];
  const { house: autoscale } = house(world);
  autoscale.configure(application({ scheduled: [{ name: "night", recurrence: "0 22 * * *", max: 2, min: 1 }] }));
  const view = autoscale.get("catalog");
  assert.deepEqual(view.suspended, ["AlarmNotification"]);
  assert.equal(view.scheduled[0]?.nextAt, "2026-01-05T22:00:00.000Z");
  assert.deepEqual([view.wants, view.evaluatedAt], [null, null]);
  assert.deepEqual(autoscale.forecast("catalog", "RequestsPerSecond").season, null);
  assert.match(autoscale.forecast("catalog", "RequestsPerSecond").reason, /there is none yet/);
  assert.throws(() => autoscale.forecast("nobody", "x"), /no such service/);
});

test("a plan that cannot be is refused before anything is deployed", () => {
  const never = application({ scheduled: [{ name: "never", recurrence: "0 0 31 2 *", min: 1 }] });
  assert.throws(() => checkScaling(never), /it would never be done/);
});

test("the group that is scaled is the one that gets traffic; standby does not count; reasons to keep all are said", () => {
  const cloud = new FakeCloud();
  const clock = new FakeClock(startMs);
  const old = cloud.add("movies-catalog-v000", "catalog", 2);
  const now = cloud.add("movies-catalog-v001", "catalog", 4);
  old.isPrimary = false;
  const [first] = cloud.instances.filter(({ group }) => group === now.name);
  assert.ok(first);
  first.lifecycle = "Standby";
  const groups = new PrimaryGroups(clock, cloud.port);
  const read = (): ReturnType<PrimaryGroups["group"]> => {
    clock.freeze(1_001);
    return groups.group("catalog");
  };
  assert.deepEqual([read()?.name, read()?.inService, read()?.keepsAll], [now.name, 3, ""]);
  now.rollout = "deploy";
  assert.equal(read()?.keepsAll, "a deploy of movies-catalog-v001 is under way");
  now.rollout = undefined;
  cloud.lost = ["local-1b"];
  assert.equal(read()?.keepsAll, "zone local-1b is lost");
  now.disabledAtMs = startMs;
  assert.equal(read(), undefined);
  assert.equal(groups.group("nobody"), undefined);
});

test("figures are of the group that is scaled: with those of its earlier version and those that are gone, without another's", () => {
  const cloud = new FakeCloud();
  const clock = new FakeClock(startMs);
  const old = cloud.add("movies-catalog-v000", "catalog", 2);
  const groups = new PrimaryGroups(clock, cloud.port);
  const members = (): string[] => groups.membersOf("catalog", ["a-gone", ...seen]).toSorted();
  const seen = ["movies-catalog-v000-0", "movies-catalog-v000-1", "movies-catalog-v001-0"];
  assert.deepEqual(members(), seen.slice(0, 2));
  old.isPrimary = false;
  const now = cloud.add("movies-catalog-v001", "catalog", 1);
  clock.freeze(1_001);
  assert.deepEqual(members(), seen.slice(2));
  now.supersedes = [old.name];
  cloud.groupsNow.shift();
  cloud.instances = cloud.instances.filter(({ group }) => group === now.name);
  clock.freeze(1_001);
  assert.deepEqual(members(), seen);
  groups.forget((id) => id !== "movies-catalog-v000-0");
  assert.deepEqual(members(), seen.slice(1));
});

test("each metric has its unit, and instances that show nothing are counted as there", () => {
  const cloud = new FakeCloud();
  cloud.add("movies-catalog-v000", "catalog", 4);
  const insight = new Insight();
  insight.perMinute = 1_200;
  insight.silent = (id) => id.endsWith("-3");
  for (let ms = 0; ms <= 5 * minuteMs; ms += 10_000) insight.look(cloud, startMs + ms);
  const minutes = (): MetricPoint[] =>
    [10, 30, 20].map((p99Ms, index) => {
      const at = new Date(startMs + (index + 2) * minuteMs).toISOString();
      return { at, requests: 1, errors: 0, p50Ms: p99Ms / 2, p99Ms };
    });
  const membersOf = (_service: string, known: Iterable<string>): string[] => [...known];
  const source = new GroupFigures({ figures: insight.figures, minutes, membersOf });
  const read = (
    metric: string,
    statistic: "Average" | "Sum" | "Minimum" | "Maximum" = "Average",
    periodMs = minuteMs,
  ) => source.read({ service: "catalog", metric, statistic, periodMs, endMs: startMs + 4 * minuteMs, count: 1 })[0];
  const rounded = (value: number | undefined): number => Math.round((value ?? Number.NaN) * 100) / 100;
  assert.deepEqual([read("ALBRequestCountPerTarget")?.reporting, read("ALBRequestCountPerTarget")?.inService], [3, 4]);
  assert.equal(rounded(read("ALBRequestCountPerTarget")?.value), 300);
  assert.equal(rounded(read("RequestsPerSecond")?.value), 5);
  assert.equal(rounded(read("RequestsPerSecond", "Sum")?.value), 15);
  assert.equal(rounded(read("RequestsPerSecond", "Maximum")?.value), 5);
  assert.equal(rounded(read("ASGAverageCPUUtilization")?.value), 5);
  assert.equal(rounded(read("ErrorPercent", "Minimum")?.value), 0);
  assert.equal(read("LatencyP99")?.value, 30);
  assert.equal(read("LatencyP50", "Average", 2 * minuteMs)?.value, 15);
  assert.equal(read("queue.size"), undefined);
});

test("periods before anything was measured, and after, have no figure", () => {
  const cloud = new FakeCloud();
  cloud.add("movies-catalog-v000", "catalog", 1);
  const insight = new Insight();
  for (let ms = 0; ms <= 3 * minuteMs; ms += 10_000) insight.look(cloud, startMs + ms);
  const membersOf = (_service: string, known: Iterable<string>): string[] => [...known];
  const source = new GroupFigures({ figures: insight.figures, minutes: () => [], membersOf });
  const query = { service: "catalog", metric: "RequestsPerSecond", statistic: "Average", periodMs: minuteMs } as const;
  const points = source.read({ ...query, endMs: startMs + 5 * minuteMs, count: 7 });
  assert.deepEqual(
    points.map((point) => point !== undefined),
    [false, false, true, true, true, false, false],
  );
});
