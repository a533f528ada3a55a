import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Backend, clientOf, WrittenList } from "./backends.ts";

afterEach(() => Backend.endAll());

test("three zones, one of them killed: no GET fails, and the own zone is left only as far as it must be", async () => {
  const zones = ["a", "b", "c"];
  const backends = await Promise.all(
    zones.flatMap((zone) => [1, 2].map((i) => Backend.start(`${zone}-${i}`).then((backend) => ({ zone, backend })))),
  );
  const list = new WrittenList(backends.map(({ zone, backend }) => backend.record({ zone })));
  const callers = zones.map((zone, i) => ({ ...(backends[i]?.backend.record({ zone }) ?? assert.fail()), app: "api" }));
  list.set("api", callers);
  const client = clientOf(list, { zone: "a", app: "api" });
  const executionsIn = (zone: string): number =>
    backends.reduce((sum, one) => sum + (one.zone === zone ? one.backend.executions : 0), 0);
  const get = async (): Promise<void> => assert.equal((await client.service("catalog").fetch("/")).status, 200);
  for (let i = 0; i < 60; i++) await get();
  assert.deepEqual(zones.map(executionsIn), [60, 0, 0]);

  for (const { zone, backend } of backends) if (zone === "a") await backend.kill();
  for (let i = 0; i < 100; i++) await get();
  assert.ok(executionsIn("b") > 20 && executionsIn("c") > 20, `${executionsIn("b")} ${executionsIn("c")}`);

  await client.close();
});
