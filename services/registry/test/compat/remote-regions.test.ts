import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { type EurekaInstance, encodeApplications, hashcodeOf } from "@holdfast/wire/eureka";
import type { EurekaCall, EurekaCallResult } from "../../src/compat/eureka-call.ts";
import { RemoteRegions, type RemoteRegionsOptions } from "../../src/compat/remote-regions.ts";
import { instanceOf } from "./instances.ts";

/** A registry in another region. */
class FakeRegion {
  instances: EurekaInstance[] = [];
  changes: EurekaInstance[] = [];
  hash: string | undefined;
  fails: EurekaCallResult | undefined;
  readonly asked: string[] = [];

  readonly call: EurekaCall = async ({ url, headers }) => {
    assert.deepEqual([headers["accept"], headers["accept-encoding"]], ["application/json", "gzip"]);
    const path = url.slice("http://two/eureka/v2/".length);
    this.asked.push(path);
    if (this.fails !== undefined) return this.fails;
    const shown = path === "apps/delta" ? this.changes : this.instances;
    const names = [...new Set(shown.map((instance) => instance.app))];
    const applications = names.map((name) => ({ name, instances: shown.filter((instance) => instance.app === name) }));
    const appsHashcode = this.hash ?? hashcodeOf(this.instances.map((instance) => instance.status));
    const text = encodeApplications({ versionsDelta: "1", appsHashcode, applications }, "json", "full");
    return { kind: "answer", status: 200, text };
  };
}

function setUp(options: Partial<RemoteRegionsOptions> = {}): {
  clock: FakeClock;
  far: FakeRegion;
  regions: RemoteRegions;
} {
  const clock = new FakeClock();
  const far = new FakeRegion();
  const regions = new RemoteRegions(clock, silentLog, far.call, { Two: "http://two/eureka/v2/" }, options);
  return { clock, far, regions };
}

function seen(regions: RemoteRegions): string[] {
  const [region = assert.fail()] = regions.known(["two"]);
  return [...region.appNames].flatMap((app) =>
    Array.from(region.instancesOf(app), (held) => `${app}/${held.record.id} ${held.status}`),
  );
}

test("a region is fetched whole, then by what changed, each 30 s", async () => {
  const { clock, far, regions } = setUp();
  far.instances = [instanceOf("i-1"), instanceOf("i-2", { app: "WEB" })];
  assert.equal(regions.ready, false);
  regions.start();
  await clock.advance(0);
  assert.equal(regions.ready, true);
  assert.deepEqual(seen(regions), ["api/i-1 UP", "web/i-2 UP"]);

  const down = instanceOf("i-1", { status: "DOWN", lastUpdatedTimestamp: 1_700_000_000_001, actionType: "MODIFIED" });
  const gone = instanceOf("i-2", { app: "WEB", actionType: "DELETED" });
  far.changes = [down, gone, instanceOf("i-3", { app: "NEW" })];
  far.instances = [down, instanceOf("i-3", { app: "NEW" })];
  await clock.advance(30_000);
  assert.deepEqual(seen(regions), ["api/i-1 DOWN", "new/i-3 UP"]);
  assert.deepEqual(far.asked, ["apps/", "apps/delta"]);
  regions.close();
  assert.equal(clock.pendingTimers, 0);
});

test("a change that was missed shows in the hash, and all is fetched again", async () => {
  const { clock, far, regions } = setUp();
  far.instances = [instanceOf("i-1"), instanceOf("i-2")];
  regions.start();
  await clock.advance(0);
  far.instances = [instanceOf("i-2")];
  await clock.advance(30_000);
  assert.deepEqual(far.asked, ["apps/", "apps/delta", "apps/"]);
  assert.deepEqual(seen(regions), ["api/i-2 UP"]);
  regions.close();
});

test("while a region cannot be reached or tells nonsense, what is known of it stays", async () => {
  const { clock, far, regions } = setUp();
  far.instances = [instanceOf("i-1")];
  regions.start();
  await clock.advance(0);
  const failures: EurekaCallResult[] = [
    { kind: "unreachable", reason: "refused" },
    { kind: "timeout", reason: "slow" },
    { kind: "answer", status: 403, text: "" },
    { kind: "answer", status: 200, text: "<html>" },
  ];
  for (const failure of failures) {
    far.fails = failure;
    await clock.advance(30_000);
    assert.deepEqual([regions.ready, seen(regions)], [true, ["api/i-1 UP"]], failure.kind);
  }
  regions.close();
});

test("a region that was never fetched is not ready", async () => {
  const { clock, far, regions } = setUp();
  far.fails = { kind: "unreachable", reason: "refused" };
  regions.start();
  await clock.advance(60_000);
  assert.equal(regions.ready, false);
  far.fails = undefined;
  await clock.advance(30_000);
  assert.equal(regions.ready, true);
  regions.close();
});

test("only the apps on its list are seen of a region, or on the global list", async () => {
  for (const apps of [{ Two: ["WEB"], global: ["API"] }, { global: ["web"] }]) {
    const { clock, far, regions } = setUp({ apps });
    far.instances = [instanceOf("i-1"), instanceOf("i-2", { app: "WEB" })];
    regions.start();
    await clock.advance(0);
    assert.deepEqual(seen(regions), ["web/i-2 UP"]);
    regions.close();
  }
});

test("an app that nobody has here is looked for in other regions, unless that is switched off", async () => {
  for (const transparentFallback of [true, false]) {
    const { clock, far, regions } = setUp({ transparentFallback });
    far.instances = [instanceOf("i-1")];
    regions.start();
    await clock.advance(0);
    assert.equal(regions.fallback("api").length, transparentFallback ? 1 : 0);
    assert.equal(regions.fallbackInstance("api", "i-1")?.record.id, transparentFallback ? "i-1" : undefined);
    assert.deepEqual(regions.fallback("web"), []);
    regions.close();
  }
});

test("what changes in a region is told as it changes, and nothing when nothing does", async () => {
  const { clock, far, regions } = setUp();
  const told: string[] = [];
  const stop = regions.onChange((region, { id, held, before }) =>
    told.push(`${region} ${id} ${before?.status}->${held?.status}`),
  );
  far.instances = [instanceOf("i-1")];
  regions.start();
  await clock.advance(0);
  far.changes = [instanceOf("i-1")];
  await clock.advance(30_000);
  far.instances = [];
  far.changes = [instanceOf("i-1", { actionType: "DELETED" })];
  await clock.advance(30_000);
  assert.deepEqual(told, ["two i-1 undefined->UP", "two i-1 UP->undefined"]);
  stop();
  regions.close();
});
