import assert from "node:assert/strict";
import { test } from "node:test";
import { Registration } from "@holdfast/discovery";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock, waitFor } from "@holdfast/testing";
import { FakeRegistry, recordOf } from "./fake-registry.ts";

class Registering extends Registration {
  async [Symbol.asyncDispose](): Promise<void> {
    this.abandon();
  }
}

function register(clock: FakeClock, registries: readonly string[]): Registering {
  const { version: _version, ...record } = recordOf("i-1");
  return new Registering(clock, new SeededRandom(1), silentLog, { registries }, record);
}

function lines(registry: FakeRegistry): string[] {
  return registry.asked.map((asked) => asked.line.replace("/v1/registry/instances/catalog/i-1", "…"));
}

test("an instance registers, then renews each three seconds or so", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url]);
  await registration.start();
  assert.equal(registration.registered, true);

  await clock.advance(3_000);
  await waitFor("the first heartbeat", () => registry.asked.length === 2);
  const before = clock.monotonicMs();
  await waitFor("the second", async () => {
    await clock.advance(50);
    return registry.asked.length === 3;
  });

  const gapMs = clock.monotonicMs() - before;
  assert.ok(gapMs < 3_400, `${gapMs} ms`);
  assert.deepEqual(lines(registry), ["PUT …", "POST …/renew", "POST …/renew"]);
});

test("a registry that does not know the instance any more is told of it at once", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url]);
  await registration.start();
  registry.answers.set("POST", { status: 404 });

  await clock.advance(3_400);

  await waitFor("the second registration", () => registry.asked.length === 3);
  assert.deepEqual(lines(registry), ["PUT …", "POST …/renew", "PUT …"]);
});

test("a dead registry costs no heartbeat: the next one gets the same", async () => {
  const clock = new FakeClock();
  const first = await FakeRegistry.start();
  await using second = await FakeRegistry.start();
  await using registration = register(clock, [first.url, second.url]);
  await registration.start();
  await first[Symbol.asyncDispose]();

  await clock.advance(3_400);

  await waitFor("the heartbeat", () => second.asked.length === 1);
  assert.deepEqual(lines(second), ["POST …/renew"]);
  assert.equal(registration.registered, true);
});

test("with every registry down nothing throws, and it keeps trying about once a second", async () => {
  const clock = new FakeClock();
  const gone = await FakeRegistry.start();
  const { port, url } = gone;
  await gone[Symbol.asyncDispose]();
  await using registration = register(clock, [url]);
  await registration.start();
  assert.equal(registration.registered, false);
  assert.deepEqual(await registration.setStatus("DOWN"), { listeners: 0, seen: 0, complete: false });

  await using registry = await FakeRegistry.start(port);
  await waitFor("the registration", async () => {
    await clock.advance(300);
    return registration.registered;
  });
  assert.match(registry.asked[0]?.body ?? "", /"status":"DOWN"/);
});

test("each change of one's own is a later account, and waits for those who have to see it", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  const seen = { listeners: 3, seen: 3, complete: true };
  registry.answers.set("PUT /v1/registry/instances/catalog/i-1/status", { status: 200, body: seen });
  await using registration = register(clock, [registry.url]);
  await registration.start();

  assert.deepEqual(await registration.setStatus("OUT_OF_SERVICE", 2_000), seen);

  assert.deepEqual(JSON.parse(registry.asked[1]?.body ?? ""), {
    status: "OUT_OF_SERVICE",
    incarnation: 1_000,
    version: 2,
    awaitSeenMs: 2_000,
  });
});

test("a change of status before the start goes out with the registration", async () => {
  await using registry = await FakeRegistry.start();
  await using registration = register(new FakeClock(), [registry.url]);
  await registration.setStatus("STARTING");
  await registration.start();

  assert.deepEqual(lines(registry), ["PUT …"]);
  assert.match(registry.asked[0]?.body ?? "", /"version":2,"status":"STARTING"|"status":"STARTING".*"version":2/);
});

test("an instance that was taken out by mistake insists with a later account of itself", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  registry.answers.set("PUT", { status: 409 });
  await using registration = register(clock, [registry.url]);
  await registration.start();
  registry.answers.clear();

  await clock.advance(400);

  await waitFor("the second registration", () => registration.registered);
  assert.deepEqual(
    registry.asked.filter(({ line }) => line.startsWith("PUT")).map(({ body }) => JSON.parse(body).version),
    [1, 2],
  );
});

test("one whose clock is behind that of an ended start of the same id gets past it, twice as far each time", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  registry.answers.set("PUT", { status: 409 });
  await using registration = register(clock, [registry.url]);
  await registration.start();
  const claims = (): number[] =>
    registry.asked.filter(({ line }) => line.startsWith("PUT")).map(({ body }) => JSON.parse(body).incarnation);
  for (let tries = 2; tries <= 7; tries++) {
    // Each try asks over real sockets; the next is planned when it has been answered.
    await waitFor("the next try", async () => {
      await clock.advance(500);
      return claims().length >= tries;
    });
  }

  const [first = 0, ...later] = claims();
  assert.deepEqual(
    later.slice(0, 6).map((one) => one - first),
    [0, 0, 1_000, 3_000, 7_000, 15_000],
  );
  registry.answers.clear();
  await waitFor("the registration", async () => {
    await clock.advance(500);
    return registration.registered;
  });
});

test("stopping takes the instance out with its cause, bounded when nobody answers, and renews no more", async () => {
  const clock = new FakeClock();
  await using registry = await FakeRegistry.start();
  await using registration = register(clock, [registry.url]);
  await registration.start();

  await registration.stop("stopped after its drain");
  await clock.advance(10_000);

  assert.deepEqual(lines(registry), ["PUT …", "DELETE …?incarnation=1000&cause=stopped%20after%20its%20drain"]);
  assert.equal(clock.pendingTimers, 0);
});
