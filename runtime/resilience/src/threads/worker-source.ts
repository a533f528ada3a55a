/**
 * What runs in a worker, as text: it needs no file of its own, so it goes into any bundle. It imports modules once and
 * answers each task with its value, or with what of its error survives the way between threads.
 */
export const workerSource = `
const { parentPort } = require("node:worker_threads");
const failure = (error) => ({
  error: error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : { name: "Error", message: String(error) },
  code: error?.code,
  retryAfterMs: error?.retryAfterMs,
});
parentPort.on("message", async ({ module, name, args }) => {
  try {
    const run = (await import(module))[name];
    if (typeof run !== "function") throw new TypeError(module + ": exports no function " + name);
    parentPort.postMessage({ value: await run(...args) });
  } catch (error) {
    parentPort.postMessage(failure(error));
  }
});
`;

/** What comes back. */
export interface WorkerAnswer {
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly stack?: string };
  readonly code?: unknown;
  readonly retryAfterMs?: unknown;
}
