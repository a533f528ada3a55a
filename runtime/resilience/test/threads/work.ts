// What the tests of the thread pool let threads do.

import { threadId } from "node:worker_threads";

export async function square(n: number): Promise<readonly [number, number]> {
  return [n * n, threadId];
}

/** Never comes back, and lets nobody else in its thread run. */
export function spin(): void {
  for (;;);
}

export function fail(code: string): never {
  throw Object.assign(new Error(`it failed with ${code}`), { code, retryAfterMs: 1_000 });
}

/** Answers, and ends its thread afterwards. */
export function answerAndLeave(): string {
  setTimeout(() => process.exit(3), 1);
  return "answered";
}

export function leave(): never {
  process.exit(3);
}

export const notFunction = 7;
