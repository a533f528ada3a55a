import { messageOf, PlatformError } from "@holdfast/kernel";

export const problemContentType = "application/problem+json";

/** RFC 9457, with our stable `code` and the `next` step. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly next?: string;
  readonly errors?: readonly ProblemItem[];
}

export interface ProblemItem {
  readonly path: string;
  readonly detail: string;
}

export function problem(
  status: number,
  code: string,
  detail: string,
  more: { next?: string | undefined; errors?: readonly ProblemItem[] } = {},
): Problem {
  return {
    type: `urn:holdfast:problem:${code}`,
    title: code.toLowerCase().replaceAll("_", " "),
    status,
    code,
    detail,
    ...(more.next === undefined ? {} : { next: more.next }),
    ...(more.errors === undefined ? {} : { errors: more.errors }),
  };
}

/** Turns anything thrown into a problem. What is not a {@link PlatformError} becomes a bare 500 without its message. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof PlatformError) return problem(error.status, error.code, error.message, { next: error.next });
  return problem(500, "INTERNAL", "the server failed; its log has the cause");
}

/** The other direction: the error a typed client throws for a problem body. */
export function errorFromProblem(body: unknown, status: number): PlatformError {
  if (typeof body === "object" && body !== null && "code" in body && typeof body.code === "string") {
    const detail = "detail" in body ? messageOf(body.detail) : body.code;
    const next = "next" in body && typeof body.next === "string" ? { next: body.next } : {};
    const errors = "errors" in body ? { details: { errors: body.errors } } : {};
    return new PlatformError(body.code, detail, { status, ...next, ...errors });
  }
  return new PlatformError("HTTP_ERROR", `the server answered ${status}`, { status });
}
