import assert from "node:assert/strict";
import { waitFor } from "../../wait-for.ts";
import { programs } from "../programs.ts";
import { launchUp, type Suite, until } from "./suite-context.ts";

const mebibyte = 1_048_576;

/** `resources` of a launch order hold, and what an instance uses is told. */
export function limitTests(suite: Suite): void {
  suite.test(
    "who takes more memory than it may is stopped as OUT_OF_MEMORY",
    async (world) => {
      const spec = await world.spec(programs.greedy, { resources: { memoryBytes: 128 * mebibyte } });
      await world.engine.launch(spec);
      const stopped = await until(world, spec, "stopped");
      assert.equal(stopped.reasonCode, "OUT_OF_MEMORY");
      assert.match(stopped.reason, /more memory than its limit of 128 MiB/);
    },
    ["resource-limits"],
  );

  suite.test(
    "who stays within its memory is left alone",
    async (world) => {
      const spec = await world.spec(programs.foreign, { resources: { memoryBytes: 256 * mebibyte, cpu: 1 } });
      assert.equal((await launchUp(world, spec)).reasonCode, "HEALTHY");
    },
    ["resource-limits"],
  );

  suite.test(
    "nobody gets more processor time than its limit, and what it uses is told",
    async (world) => {
      const spec = await world.spec(programs.busy, { resources: { cpu: 0.2 } });
      await world.engine.launch(spec);
      const used = async (): Promise<number> => (await world.usage(spec))?.cpuSeconds ?? Number.NaN;
      await waitFor("it to work", async () => (await used()) > 0.05);
      const [fromMs, before] = [performance.now(), await used()];
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const cores = ((await used()) - before) / ((performance.now() - fromMs) / 1_000);
      // A fifth, counted in hundredths of a second, and up to two periods of 0.1 s at the edges.
      assert.ok(cores > 0 && cores <= 0.27, `${cores} cores`);
    },
    ["resource-limits", "usage"],
  );

  suite.test(
    "the memory that is told is what it takes",
    async (world) => {
      const spec = await world.spec(programs.holding64);
      await launchUp(world, spec);
      const memory = async (): Promise<number> => (await world.usage(spec))?.memoryBytes ?? Number.NaN;
      const bytes = await waitFor("what it holds", async () => {
        const now = await memory();
        return now > 64 * mebibyte && now;
      });
      assert.ok(bytes < 64 * mebibyte + 200 * mebibyte, `${bytes} bytes`);
      const told = (await world.engine.usage?.([spec.id])) ?? [];
      assert.deepEqual(
        told.map(({ id, memoryBytes }) => [id, memoryBytes > 64 * mebibyte]),
        [[spec.id, true]],
        "control is told, too",
      );
      await world.engine.signal(spec.id, "SIGKILL", "test");
      await until(world, spec, "stopped");
      assert.deepEqual(await world.engine.usage?.([spec.id]), [], "and nothing of one that has ended");
    },
    ["usage"],
  );
}
