import type { LaunchSpec } from "@holdfast/wire";

/** How an instance ended. */
export interface InstanceExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** False when nobody could tell any more: the exit code of an adopted process went to its first parent. */
  readonly known: boolean;
  /** True when the system killed it for more memory than its limit, `memoryBytes` of the spec. */
  readonly outOfMemory?: boolean;
}

/** What names the leading process of an instance, as the state file keeps it. */
export interface InstanceMark {
  /** Pid on this machine, or -1 when the processes are not on it (a container engine in a virtual machine). */
  readonly pid: number;
  /** Opaque; equal for the same process only. */
  readonly startTime: string;
}

/** What an instance uses now. */
export interface InstanceUsage {
  /** Processor time since its start, in seconds. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Whom a signal is for: the program itself, or all the processes it has. */
export type SignalScope = "leader" | "all";

/** A running instance, whatever it runs in. */
export interface InstanceHandle {
  readonly identity: InstanceMark;
  /** Resolves when the leading process has ended; others of it may live on. Never rejects. */
  readonly ended: Promise<InstanceExit>;
  /** Sends a signal at once. False when there is nobody to hear it. */
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM", scope: SignalScope): boolean;
  /** True while others of its processes live, the leader gone. */
  hasLeftovers(): boolean;
  /** `undefined` where that cannot be told, or after its end. */
  usage(): Promise<InstanceUsage | undefined>;
  /** Stops watching; the instance goes on. */
  release(): void;
}

export type StartResult =
  | { readonly kind: "running"; readonly handle: InstanceHandle; readonly logProblem: string | undefined }
  | { readonly kind: "failed"; readonly reasonCode: string; readonly reason: string };

export interface StartOrder {
  readonly spec: LaunchSpec;
  /** The argument vector, `run` as a shell would split it. */
  readonly command: { readonly file: string; readonly args: readonly string[] };
  readonly environment: Readonly<Record<string, string>>;
  /** Where its output goes, appended. */
  readonly logFile: string;
}

/** What an agent's state file knows of an instance whose agent has ended. */
export interface LostInstance {
  readonly spec: LaunchSpec;
  /** Absent when it was about to be started. */
  readonly mark: InstanceMark | undefined;
  readonly logFile: string;
}

/** An instance that no state file knows, and yet it is there: told from what it carries itself. */
export interface FoundInstance {
  readonly spec: LaunchSpec;
  readonly startedAtMs: number;
  readonly handle: InstanceHandle;
}

/** What instances run in: processes, containers. The zone agent does everything else the same way for all of them. */
export interface InstanceRuntime {
  /** True when it sees the files of this machine by the same paths. */
  sharesFiles(spec: LaunchSpec): boolean;
  /** True when nobody else can be in the way of its ports: it has a network of its own. */
  hasOwnNetwork(spec: LaunchSpec): boolean;
  /** Starts one. Never throws. One with this id that is there already is taken as it is. */
  start(order: StartOrder): Promise<StartResult>;
  /**
   * Finds what an earlier agent started, by id; what has ended meanwhile has a handle whose `ended` resolves, when its end
   * can still be told. Waits as long as it takes to know: an instance believed dead would be started twice.
   */
  adopt(lost: readonly LostInstance[]): Promise<ReadonlyMap<string, InstanceHandle>>;
  /** All instances of this agent that are there and that `known` does not name. */
  strangers(known: ReadonlySet<string>): Promise<readonly FoundInstance[]>;
  /** Removes what may be left of one that has ended. Never rejects. */
  forget(spec: LaunchSpec): Promise<void>;
  /** Why it cannot serve at the moment (its engine does not answer); empty when it can. */
  readonly problem: string;
  /** Lets go of everything without touching an instance. */
  close(): Promise<void>;
}
