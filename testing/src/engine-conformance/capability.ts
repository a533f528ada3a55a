/** What the suite asks of an engine beyond what every one must do. */
export const capabilities = [
  /** Holds all of an instance's processes where they are, and lets them go on (`SIGSTOP`, `SIGCONT`). */
  "pause",
  /** `drainMs` bounds the end, and callers are told first that it goes. */
  "drain",
  /** The exit code of an instance that ended while its agent was away. */
  "exit-code-after-adoption",
  /** Instances are known again although the agent's state file is lost. */
  "adoption-without-state",
  /** `resources.cpu` and `resources.memoryBytes` hold. */
  "resource-limits",
  /** Tells the processor time and the memory an instance uses. */
  "usage",
  /** Programs that do not register themselves are registered, checked and drained by the engine. */
  "registers-foreign-programs",
  /** What an instance says without an end of line is in its log while it runs, not only once it has ended. */
  "unfinished-lines",
  /** Runs a shell line. */
  "shell",
  /** There is something beneath the agent that starts instances, and that can go away: a daemon, a cloud. */
  "engine-beneath",
  /** A port that is taken by somebody else is found before the start. */
  "port-check",
] as const;

export type Capability = (typeof capabilities)[number];

/** What an engine cannot do, each with the reason in a sentence: such tests are shown as skipped with it. */
export type Cannot = Readonly<Partial<Record<Capability, string>>>;
