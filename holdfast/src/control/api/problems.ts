import { messageOf, PlatformError } from "@holdfast/kernel";
import { type Problem, type ProblemItem, problem, problemContentType, problemFrom } from "@holdfast/wire";
import type { FastifyError, FastifyReply } from "fastify";
import type { z } from "zod";

/** A request that does not fit its schema; all faults at once. */
export class RequestInvalidError extends PlatformError<"REQUEST_INVALID"> {
  readonly errors: readonly ProblemItem[];

  constructor(where: string, issues: readonly z.core.$ZodIssue[]) {
    const errors = issues.flatMap((issue) => itemsOf(where, issue));
    const first = errors[0];
    super("REQUEST_INVALID", `the request's ${first?.path ?? where} ${first?.detail ?? "is not valid"}`, {
      status: 400,
    });
    this.errors = errors;
  }
}

function itemsOf(where: string, issue: z.core.$ZodIssue): ProblemItem[] {
  const path = [where, ...issue.path.map(String)].join(".");
  if (issue.code !== "unrecognized_keys") return [{ path, detail: issue.message }];
  return issue.keys.map((key) => ({ path: `${path}.${key}`, detail: "is not a known field" }));
}

/** Answers with a problem, under exactly its media type. */
export function sendProblem(reply: FastifyReply, answer: Problem): FastifyReply {
  return reply
    .status(answer.status)
    .type(problemContentType)
    .send(Buffer.from(JSON.stringify(answer)));
}

/** Any error as the problem its caller gets; what is no operating error says nothing of itself. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestInvalidError) {
    return problem(error.status, error.code, error.message, { next: error.next, errors: error.errors });
  }
  const own = ownProblem(error);
  return own ?? problemFrom(error);
}

/** Fastify's own refusals: an unreadable or too long body, a content type it does not know. */
function ownProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || error instanceof PlatformError) return undefined;
  const { code, statusCode } = error as FastifyError;
  if (typeof code !== "string" || !code.startsWith("FST_ERR_CTP_")) return undefined;
  const status = statusCode ?? 400;
  if (status === 413) return problem(413, "BODY_TOO_LARGE", "the request's body is longer than 1 MiB");
  if (status === 415) return problem(415, "CONTENT_TYPE_UNSUPPORTED", "the request's body must be application/json");
  return problem(400, "REQUEST_INVALID", `the request's body is not valid JSON: ${messageOf(error)}`);
}
