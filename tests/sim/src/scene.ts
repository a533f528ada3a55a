import type { Calm } from "./calm.ts";
import type { Hearing } from "./hearing.ts";
import type { Ledger } from "./ledger.ts";
import type { OverrideWords } from "./override-words.ts";
import type { Sightings } from "./sightings.ts";
import type { World } from "./world.ts";

/** The world with everything that is known about it from outside. */
export interface Scene {
  readonly world: World;
  readonly ledger: Ledger;
  readonly calm: Calm;
  readonly sightings: Sightings;
  readonly hearing: Hearing;
  readonly overrides: OverrideWords;
  /** One whose machines have no power. */
  deadZone: string | undefined;
}
