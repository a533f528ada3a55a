import { describe } from "node:test";
import type { Cannot } from "./capability.ts";
import type { EngineWorld } from "./engine-world.ts";
import { adoptionTests } from "./tests/adoption-tests.ts";
import { endTests } from "./tests/end-tests.ts";
import { lifeTests } from "./tests/life-tests.ts";
import { limitTests } from "./tests/limit-tests.ts";
import { outageTests } from "./tests/outage-tests.ts";
import { Suite } from "./tests/suite-context.ts";

export interface Conformance {
  /** As it is called in test names: `the process engine`. */
  readonly name: string;
  /** Opens a world of its own for each test. */
  readonly open: () => Promise<EngineWorld>;
  /** What this engine cannot do, and why. */
  readonly cannot: Cannot;
  /** Why the whole engine cannot be tried here (`needs podman`); `false` when it can. */
  readonly skip: string | false;
}

/**
 * Everything control relies on, tried on one engine. Each engine runs this same suite against the real thing; what it cannot
 * do it declares in `cannot`, and those tests are reported as skipped with that sentence.
 */
export function engineConformance(conformance: Conformance): void {
  const { name, skip } = conformance;
  describe(`${name} keeps the promises of an engine`, { skip: skip === false ? false : `skipped: ${skip}` }, () => {
    const suite = new Suite(conformance);
    lifeTests(suite);
    endTests(suite);
    adoptionTests(suite);
    outageTests(suite);
    limitTests(suite);
  });
}
