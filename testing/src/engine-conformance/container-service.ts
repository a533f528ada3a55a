/** A container engine that a test has for itself and can end, hold and start again. */
export interface ContainerService extends AsyncDisposable {
  /** Path of the Docker API's socket. */
  readonly socket: string;
  /** Starts it, or starts it again; containers of before are still there. One that runs goes on. */
  start(): Promise<void>;
  /** Ends the service, and no container. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Holds the service where it is, its connections standing; `SIGCONT` lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Runs its command line beside it; returns what that prints. */
  run(...args: readonly string[]): string;
}
