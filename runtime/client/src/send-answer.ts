import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { type Clock, hasCode, messageOf, PlatformError } from "@holdfast/kernel";
import { CommandError } from "@holdfast/resilience";
import { problem, problemContentType } from "@holdfast/wire";
import { AnswerUnfitError } from "./errors.ts";
import { answerHeaders } from "./forward-headers.ts";
import type { Answer } from "./try.ts";

/** A sender that goes on sending after its answer is listened to for so long, and so much, before it is cut off. */
const lingerMs = 2_000;
const lingerBytes = 64 * 1024 * 1024;

/** Sends an answer on. Resolves when it has gone, or its reader has. */
export async function sendAnswer(
  clock: Clock,
  answer: Answer,
  req: IncomingMessage,
  res: ServerResponse,
  isDraining: boolean,
): Promise<void> {
  if (res.destroyed) return void answer.stream?.destroy();
  const mayHaveBody = answer.status !== 204 && answer.status !== 304 && req.method !== "HEAD";
  const wholeBytes = answer.stream === undefined && mayHaveBody ? (answer.body?.length ?? 0) : undefined;
  // A body not read to its end leaves the connection in no state for another request.
  const headers = answerHeaders(answer, wholeBytes, isDraining || isUnread(req));
  try {
    res.writeHead(answer.status, headers);
  } catch (error) {
    answer.stream?.destroy();
    throw new AnswerUnfitError(`the answer cannot be passed on (${messageOf(error)})`, error);
  }
  if (answer.stream !== undefined && mayHaveBody) {
    res.flushHeaders();
    await pipe(answer.stream, res);
  } else {
    answer.stream?.destroy();
    if (mayHaveBody && wholeBytes !== 0) res.write(answer.body);
  }
  await finish(clock, req, res);
}

/** An answer of a proxy's own. */
export interface FailureAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Flat. */
  readonly headers?: readonly string[];
}

/** Answers what went wrong, as problem+json unless `failure` says how; gives the status. After the head has gone, only the connection can tell. */
export async function sendProblem(
  clock: Clock,
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
  isDraining: boolean,
  failure: (error: unknown) => FailureAnswer = problemOf,
): Promise<number> {
  const { status, type, body, headers: more = [] } = failure(error);
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return status;
  }
  const headers = ["content-type", type, "content-length", String(Buffer.byteLength(body)), ...more];
  if (isDraining || isUnread(req)) headers.push("connection", "close");
  res.writeHead(status, headers);
  if (req.method !== "HEAD") res.write(body);
  await finish(clock, req, res);
  return status;
}

function problemOf(error: unknown): FailureAnswer {
  const known = error instanceof PlatformError ? error : undefined;
  const status = known?.status ?? 502;
  const code = hasCode(error, "CALL_TIMED_OUT") ? "UPSTREAM_TIMED_OUT" : (known?.code ?? "UPSTREAM_FAILED");
  // What is next for a developer says nothing to who called from outside.
  const next = error instanceof CommandError ? undefined : known?.next;
  const body = JSON.stringify(problem(status, code, messageOf(error), { next }));
  const headers = status === 503 ? ["retry-after", String(retryAfterSeconds(error))] : [];
  return { status, type: problemContentType, body, headers };
}

function retryAfterSeconds(error: unknown): number {
  const ms = error instanceof CommandError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(1, Math.ceil(ms / 1_000));
}

/**
 * Ends an answer. While its caller is still sending the request, closing would reset the connection and could lose the
 * answer on its way: what is sent is then read and thrown away first, within bounds.
 */
async function finish(clock: Clock, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (isUnread(req) && !res.destroyed && !req.destroyed) await discard(clock, req);
  if (!res.destroyed) res.end();
}

function discard(clock: Clock, req: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      resolve();
    };
    const timer = clock.after(lingerMs, done);
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > lingerBytes) done();
    });
    req.once("end", done);
    req.once("close", done);
    req.resume();
  });
}

/** Some of its body is still to come. */
function isUnread(req: IncomingMessage): boolean {
  if (req.complete) return false;
  return Number(req.headers["content-length"]) > 0 || req.headers["transfer-encoding"] !== undefined;
}

/** Copies with back-pressure. A stream that breaks takes the caller's connection with it: a cut answer must look cut. */
function pipe(from: Readable, to: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const onDrain = (): void => void from.resume();
    const onClose = (): void => {
      from.destroy();
      resolve();
    };
    from.on("data", (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", onDrain);
    to.once("close", onClose);
    from.on("end", () => {
      to.off("drain", onDrain);
      to.off("close", onClose);
      resolve();
    });
    from.on("error", () => {
      to.destroy();
      resolve();
    });
  });
}
