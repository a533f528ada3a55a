import type { Clock, Timer } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { processNow } from "../system/processes.ts";
import { listenersOfGroup } from "../system/sockets.ts";
import { type HealthHistory, HealthMachine, type HealthVerdict, type ProbeResult } from "./health-machine.ts";
import type { HealthProbe } from "./health-probe.ts";
import { diagnosePort } from "./port-diagnosis.ts";

/** A program that is not healthy after this is asked where it listens instead; then again so often. */
const diagnoseAfterMs = 1_500;
const diagnoseEveryMs = 2_000;

export interface HealthWatchEvents {
  /** After each look. The same verdict may come again. */
  onVerdict(verdict: HealthVerdict): void;
  /** Once, when a look has told whether the program registers itself. */
  onKind(selfRegistering: boolean): void;
}

/** Looks at one instance again and again until stopped, and says what it makes of it. */
export class HealthWatch {
  readonly #clock: Clock;
  readonly #probe: HealthProbe;
  readonly #spec: LaunchSpec;
  readonly #pid: number;
  readonly #machine: HealthMachine;
  readonly #events: HealthWatchEvents;
  #selfRegistering: boolean | undefined;
  #nextDiagnosisMs: number;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    clock: Clock,
    probe: HealthProbe,
    instance: { readonly spec: LaunchSpec; readonly pid: number; readonly selfRegistering: boolean | undefined },
    history: HealthHistory,
    events: HealthWatchEvents,
  ) {
    this.#clock = clock;
    this.#probe = probe;
    this.#spec = instance.spec;
    this.#pid = instance.pid;
    this.#selfRegistering = instance.selfRegistering;
    this.#machine = new HealthMachine(instance.spec.health, history);
    this.#nextDiagnosisMs = history.startedAtMs + diagnoseAfterMs;
    this.#events = events;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#machine.nextDelayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const probe = await this.#probe.look(this.#spec, this.#selfRegistering);
    if (this.#stopped) return;
    if (probe.selfRegistering !== undefined && this.#selfRegistering === undefined) {
      this.#selfRegistering = probe.selfRegistering;
      this.#events.onKind(probe.selfRegistering);
    }
    const nowMs = this.#clock.monotonicMs();
    const verdict = this.#machine.observe(this.#explained(probe.result), nowMs);
    this.#events.onVerdict(this.#diagnosed(verdict, nowMs));
    this.#schedule();
  }

  /** A process that somebody has stopped answers nothing; say that rather than "no answer". */
  #explained(result: ProbeResult): ProbeResult {
    if (result.kind !== "failed" || this.#machine.verdict.state === "starting") return result;
    if (processNow(this.#pid)?.state !== "T") return result;
    return { ...result, detail: `process ${this.#pid} is stopped by a signal (SIGSTOP); ${result.detail}` };
  }

  #diagnosed(verdict: HealthVerdict, nowMs: number): HealthVerdict {
    const wanted = verdict.state === "starting" && this.#selfRegistering !== true;
    if (!wanted || nowMs < this.#nextDiagnosisMs) return verdict;
    this.#nextDiagnosisMs = nowMs + diagnoseEveryMs;
    const diagnosis = diagnosePort(this.#spec, listenersOfGroup(this.#pid));
    return diagnosis === undefined ? verdict : this.#machine.diagnose(diagnosis.reasonCode, diagnosis.reason);
  }
}
