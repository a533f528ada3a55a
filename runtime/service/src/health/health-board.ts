import { type Clock, numberBetween, OptionError } from "@holdfast/kernel";
import { Checked, checkDefaults } from "./checked.ts";
import type { CheckState, HealthCheck } from "./health-check.ts";

export interface Health {
  /** `warn`: a dependency that all share fails. */
  readonly status: "pass" | "warn" | "fail" | "starting";
  readonly isLive: boolean;
  readonly isReady: boolean;
  /** Why it is not ready, or what is degraded; empty when all is well. */
  readonly reason: string;
  readonly checks: readonly CheckState[];
}

/** All checks of a service, and what they come to. */
export class HealthBoard {
  readonly #checked: readonly Checked[];
  #onChange: () => void = () => {};
  #isAsking = false;

  /** @throws OptionError naming the path of a name that is taken or a time that makes no sense. */
  constructor(clock: Clock, checks: readonly HealthCheck[]) {
    const names = new Set<string>();
    for (const [i, { name, timeoutMs, everyMs }] of checks.entries()) {
      if (name === "" || names.has(name)) throw new OptionError(`checks[${i}].name`, "a name of its own", name);
      names.add(name);
      numberBetween(`checks[${i}].timeoutMs`, timeoutMs ?? checkDefaults.timeoutMs, 1, 600_000);
      numberBetween(`checks[${i}].everyMs`, everyMs ?? checkDefaults.everyMs, 10, 3_600_000);
    }
    this.#checked = checks.map((check) => new Checked(clock, check, () => this.#seen()));
  }

  /** Asks all of them, side by side, and again and again from then on. Resolves when each has answered or had its time. */
  async start(onChange: () => void): Promise<void> {
    this.#onChange = onChange;
    this.#isAsking = true;
    await Promise.all(this.#checked.map((one) => one.ask()));
    this.#isAsking = false;
    onChange();
  }

  stop(): void {
    for (const one of this.#checked) one.stop();
  }

  get health(): Health {
    const checks = this.#checked.map((one) => one.state);
    const bad = checks.filter(({ status }) => status === "fail" || status === "starting");
    const gating = bad.filter(({ kind }) => kind !== "dependency");
    const status = gating.some((one) => one.status === "fail")
      ? "fail"
      : gating.length > 0
        ? "starting"
        : bad.length > 0
          ? "warn"
          : "pass";
    return {
      status,
      isLive: !bad.some((one) => one.kind === "liveness" && one.status === "fail"),
      isReady: gating.length === 0,
      reason: (gating.length > 0 ? gating : bad).map(sentence).join("; "),
      checks: checks.map((one) =>
        one.kind === "dependency" && one.status === "fail" ? { ...one, status: "warn" } : one,
      ),
    };
  }

  #seen(): void {
    if (!this.#isAsking) this.#onChange();
  }
}

function sentence({ name, output }: CheckState): string {
  // The one that `serve({ health })` gives has no name of its own.
  return name === "health" ? `its health check ${output}` : `${name} ${output}`;
}
