import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, within } from "@holdfast/kernel";
import type { InstanceObservation, LaunchSpec } from "@holdfast/wire";
import { waitFor } from "../../wait-for.ts";
import type { Cannot, Capability } from "../capability.ts";
import { type EngineWorld, observe } from "../engine-world.ts";

/** Engines that start containers need a while on a small machine that others use, too. */
const patienceMs = 20_000;
/** Whatever goes away under it, a test ends: several waits, each with its patience. */
const testMs = 90_000;
/** So do the making and the taking down of its world. */
const worldMs = 60_000;
const clock = new SystemClock();

/** Registers the tests of a suite for one engine. */
export class Suite {
  readonly #open: () => Promise<EngineWorld>;
  readonly #cannot: Cannot;

  constructor(options: { readonly open: () => Promise<EngineWorld>; readonly cannot: Cannot }) {
    this.#open = options.open;
    this.#cannot = options.cannot;
  }

  /** One test in a world of its own, that must leave nothing; `needs` names what not every engine can do. */
  test(title: string, body: (world: EngineWorld) => Promise<void>, needs: readonly Capability[] = []): void {
    const missing = needs.map((one) => this.#cannot[one]).find((why) => why !== undefined);
    const skip = missing === undefined ? false : `declared: ${missing}`;
    test(title, { skip }, async () => {
      const world = await within(clock, worldMs, "making its world", this.#open());
      try {
        await within(clock, testMs, "the test", body(world));
      } finally {
        await within(clock, worldMs, "taking down its world", Promise.resolve(world[Symbol.asyncDispose]()));
      }
      assert.deepEqual(await world.leftovers(), [], "nothing is left of any instance");
    });
  }
}

/** Waits until an instance is in `state` and returns how it is seen then. */
export async function until(
  world: EngineWorld,
  spec: LaunchSpec,
  state: InstanceObservation["state"],
): Promise<InstanceObservation> {
  const seen = await waitFor(
    `${spec.id} to be ${state}`,
    async () => {
      const now = await observe(world, spec);
      if (now?.state === state || now?.state === "stopped") return now;
      throw new Error(now === undefined ? "it is not listed" : describeState(now));
    },
    { timeoutMs: patienceMs },
  );
  // What has stopped stays so: there is nothing to wait for.
  assert.equal(seen.state, state, describeState(seen));
  return seen;
}

function describeState({ state, reasonCode, reason }: InstanceObservation): string {
  return `${state} (${reasonCode}: ${reason})`;
}

/** Launches and waits until it is up. */
export async function launchUp(world: EngineWorld, spec: LaunchSpec): Promise<InstanceObservation> {
  await world.engine.launch(spec);
  return until(world, spec, "up");
}

/** What an instance answers on its own port. */
export async function ask(spec: LaunchSpec, path = "/"): Promise<string> {
  const answer = await fetch(`http://${spec.address}:${spec.port}${path}`, { headers: { connection: "close" } });
  return answer.text();
}

/** True when nobody takes connections on the instance's port. */
export async function isSilent(spec: LaunchSpec): Promise<boolean> {
  return ask(spec).then(
    () => false,
    () => true,
  );
}
