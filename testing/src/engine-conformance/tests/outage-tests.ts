import assert from "node:assert/strict";
import { PlatformError } from "@holdfast/kernel";
import { waitFor } from "../../wait-for.ts";
import { observe } from "../engine-world.ts";
import { programs } from "../programs.ts";
import { ask, isSilent, launchUp, type Suite, until } from "./suite-context.ts";

/** More tries than this in a second are a hot loop: a first one, and then each after a growing delay. */
const attemptsPerSecondMax = 12;

/** The engine itself goes away and comes back: reported, waited for, never mistaken for the death of instances. */
export function outageTests(suite: Suite): void {
  suite.test("a zone that does not answer is named, and its instances are not called dead", async (world) => {
    const spec = await world.spec(programs.foreign);
    await launchUp(world, spec);
    const outage = await world.loseAgent();
    const listing = await world.engine.list();
    assert.deepEqual([listing.instances, listing.unreachableZones], [[], [spec.zone.name]]);
    await assert.rejects(
      async () => world.engine.launch(await world.spec(programs.foreign)),
      (error) => error instanceof PlatformError && error.status === 503 && error.next !== undefined,
    );
    await outage.end();
    assert.equal((await until(world, spec, "up")).state, "up");
  });

  suite.test(
    "without the engine beneath, what runs goes on; what is launched is refused with the reason",
    async (world) => {
      const spec = await world.spec(programs.foreign);
      const before = await launchUp(world, spec);
      const outage = await world.loseEngine();
      assert.match(await ask(spec), /began/);
      const refused = await world.engine.launch(await world.spec(programs.foreign));
      assert.deepEqual([refused.state, refused.reasonCode], ["stopped", "CONTAINER_ENGINE_UNREACHABLE"]);
      await outage.end();
      const late = await world.spec(programs.foreign);
      await waitFor("it to answer again", async () => {
        const seen = await world.engine.launch({ ...late, id: (await world.spec(programs.foreign)).id });
        if (seen.state === "starting") await until(world, seen.spec, "up");
        return seen.state === "starting";
      });
      assert.equal((await observe(world, spec))?.pid, before.pid);
    },
    ["engine-beneath"],
  );

  suite.test(
    "who dies while the engine beneath is away is still told, and its end is not lost",
    async (world) => {
      const spec = await world.spec(programs.exitOnRequest);
      await launchUp(world, spec);
      const outage = await world.loseEngine();
      await ask(spec, "/exit").catch(() => {});
      await waitFor("it to be gone", () => isSilent(spec));
      const stopped = await until(world, spec, "stopped");
      assert.equal(stopped.reasonCode, "EXITED");
      await outage.end();
    },
    ["engine-beneath"],
  );

  suite.test(
    "an engine that is away is asked again after growing delays, not in a hot loop",
    async (world) => {
      const spec = await world.spec(programs.foreign);
      await launchUp(world, spec);
      const outage = await world.loseEngine();
      const [fromMs, cpu] = [performance.now(), process.cpuUsage()];
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const seconds = (performance.now() - fromMs) / 1_000;
      const { user, system } = process.cpuUsage(cpu);
      assert.ok(world.attempts > 0, "it is asked");
      assert.ok(world.attempts / seconds <= attemptsPerSecondMax, `${world.attempts} attempts in ${seconds} s`);
      assert.ok((user + system) / 1e6 / seconds < 0.5, "and that costs next to nothing");
      await outage.end();
      await world.engine.terminate(spec.id, "test");
      await until(world, spec, "stopped");
    },
    ["engine-beneath"],
  );
}
