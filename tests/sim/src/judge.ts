import type { World } from "./world.ts";

/** What must never be, and was. */
export interface Violation {
  readonly check: string;
  readonly message: string;
  readonly atMs: number;
  /** Keys and machines whose latest doings tell how it came. */
  readonly subjects: readonly string[];
}

/** One thing that must always hold. */
export interface Check {
  readonly name: string;
  /** Looks at the world; called about twice a second. */
  look(): void;
}

/** Says that a check found something. */
export type Accuse = (message: string, ...subjects: readonly string[]) => void;

/** Keeps what the checks found. */
export class Judge {
  readonly violations: Violation[] = [];
  readonly #world: World;
  readonly #checks: Check[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  add(make: (accuse: Accuse) => Omit<Check, "name">, name: string): void {
    const accuse: Accuse = (message, ...subjects) => {
      this.#world.trace.add("judge", `${name}: ${message}`);
      this.violations.push({ check: name, message, atMs: this.#world.nowMs(), subjects });
    };
    const check = make(accuse);
    this.#checks.push({ name, look: () => check.look() });
  }

  look(): void {
    for (const check of this.#checks) check.look();
  }
}
