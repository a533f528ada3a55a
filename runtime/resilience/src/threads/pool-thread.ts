import { Worker } from "node:worker_threads";
import { BadRequestError } from "../errors.ts";
import { type WorkerAnswer, workerSource } from "./worker-source.ts";

/** A function of a module, to be called in another thread. */
export interface ThreadWork {
  /** URL of an ES module, as `import.meta.resolve` gives it. */
  readonly module: string;
  /** Name of the function it exports. Arguments and answer must be fit for a structured clone. */
  readonly export: string;
}

/** One call of {@link ThreadWork}. */
export interface ThreadTask extends ThreadWork {
  readonly args: readonly unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One worker and the task it has. While it has none it does not keep the process alive. */
export class PoolThread {
  readonly #worker: Worker;
  readonly #onFree: (thread: PoolThread) => void;
  readonly #onGone: (thread: PoolThread, hadTask: boolean) => void;
  #task: ThreadTask | undefined;
  #gone = false;
  /** On the clock's monotonic time: since when it has had nothing to do. */
  idleSinceMs = 0;

  /**
   * @param onFree Called when a task has ended.
   * @param onGone Called once when the thread is of no use any more, with whether it had a task.
   */
  constructor(
    name: string,
    onFree: (thread: PoolThread) => void,
    onGone: (thread: PoolThread, hadTask: boolean) => void,
  ) {
    this.#onFree = onFree;
    this.#onGone = onGone;
    this.#worker = new Worker(workerSource, { eval: true, name });
    this.#worker.unref();
    this.#worker.on("message", (answer: WorkerAnswer) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#lost(error));
    this.#worker.on("exit", () => this.#lost(new Error("its thread has ended")));
  }

  get task(): ThreadTask | undefined {
    return this.#task;
  }

  start(task: ThreadTask): void {
    this.#task = task;
    this.#worker.ref();
    try {
      this.#worker.postMessage({ module: task.module, name: task.export, args: task.args });
    } catch (error) {
      // Arguments that cannot be cloned.
      this.#task = undefined;
      this.#worker.unref();
      task.reject(error);
      this.#onFree(this);
    }
  }

  /** Ends the thread, in the middle of whatever it does. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #answered(answer: WorkerAnswer): void {
    const task = this.#task;
    this.#task = undefined;
    this.#worker.unref();
    if (answer.error === undefined) task?.resolve(answer.value);
    else task?.reject(rebuilt(answer));
    this.#onFree(this);
  }

  #lost(error: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    const task = this.#task;
    this.#task = undefined;
    task?.reject(error);
    this.#onGone(this, task !== undefined);
  }
}

function rebuilt({ error, code, retryAfterMs }: WorkerAnswer): Error {
  const message = error?.message ?? "";
  const made = code === "BAD_REQUEST" ? new BadRequestError(message) : new Error(message);
  if (code !== "BAD_REQUEST") made.name = error?.name ?? "Error";
  if (error?.stack !== undefined) made.stack = error.stack;
  return Object.assign(made, code === undefined ? {} : { code }, retryAfterMs === undefined ? {} : { retryAfterMs });
}
