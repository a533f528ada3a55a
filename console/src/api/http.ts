import { errorFromProblem } from "@holdfast/wire";

/** A call that takes longer is given up, in ms: control answers from memory, so a wait this long means it is gone. */
const timeoutMs = 5_000;

/**
 * One call of control's API.
 *
 * @throws `PlatformError` with the problem's `code`, `status` and `next` for any answer but 2xx; `TypeError` when nothing answers; `TimeoutError` after 5 s.
 */
export async function call<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    signal: AbortSignal.timeout(timeoutMs),
    headers: body === undefined ? {} : { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw errorFromProblem(answer, response.status);
  return answer as T;
}

/** True when control does not know who asks: the page then shows how to sign in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 401;
}

/** True when control answered and will answer the same again: there is no point in trying once more. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return false;
  return error.status >= 400 && error.status < 500;
}

/** What to tell a person about a failed call: one sentence and, where known, what to do next. */
export function explain(error: unknown): { readonly sentence: string; readonly next: string | undefined } {
  if (error instanceof Error && "code" in error && "status" in error) {
    const next = "next" in error && typeof error.next === "string" ? error.next : undefined;
    return { sentence: error.message, next };
  }
  return { sentence: "Control does not answer.", next: "npx holdfast status" };
}
