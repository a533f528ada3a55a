import type { IncomingMessage, ServerResponse } from "node:http";
import { Headers } from "@holdfast/wire";
import type { BalancedClient } from "./balanced-client.ts";
import type { Call } from "./call.ts";
import { requestHeaders } from "./forward-headers.ts";
import { readBody } from "./request-body.ts";
import { type FailureAnswer, sendAnswer, sendProblem } from "./send-answer.ts";

export interface ForwardOptions {
  readonly service: string;
  /** The whole time until the answer begins, in ms. */
  readonly timeoutMs: number;
  /** Longer request bodies get 413. */
  readonly requestBytesMax: number;
  readonly holdBackBytes: number;
  /** The path to ask for instead of the request's own. */
  readonly path?: string;
  /** More request headers, flat. */
  readonly addHeaders?: readonly string[];
  /** What to answer instead of problem+json when no answer of the service is there to pass on. */
  readonly failure?: (error: unknown) => FailureAnswer;
  /** True once answers are to carry `Connection: close`; asked when the answer is there. */
  readonly draining?: () => boolean;
}

export interface ForwardResult {
  readonly status: number;
  readonly instance: string | undefined;
}

/**
 * The one proxy core: passes a request on to a service and the answer back. Idempotent answers up to `holdBackBytes` are
 * sent when they are whole; an answer cut short later ends the caller's connection, so that it is never taken for whole.
 * Never throws: what goes wrong is answered as problem+json.
 */
export async function forward(
  client: BalancedClient,
  req: IncomingMessage,
  res: ServerResponse,
  options: ForwardOptions,
): Promise<ForwardResult> {
  let call: Call | undefined;
  const onClose = (): void => {
    if (!res.writableFinished) call?.abort(new Error("the caller has gone"));
  };
  res.once("close", onClose);
  try {
    const pending = readBody(req, client.options.replayBytes, options.requestBytesMax);
    const body = pending instanceof Promise ? await pending : pending;
    const headers = requestHeaders(req, body);
    if (options.addHeaders !== undefined) headers.push(...options.addHeaders);
    const request = {
      method: req.method ?? "GET",
      path: options.path ?? pathOf(req.url ?? "/"),
      headers,
      body,
      timeoutMs: deadlineOf(req, options.timeoutMs),
      holdBackBytes: options.holdBackBytes,
    };
    const answer = await client.call(options.service, request, (begun) => {
      call = begun;
      if (res.destroyed) begun.abort(new Error("the caller has gone"));
    });
    await sendAnswer(client.clock, answer, req, res, options.draining?.() === true);
    return { status: answer.status, instance: answer.server.record.id };
  } catch (error) {
    const isDraining = options.draining?.() === true;
    return {
      status: await sendProblem(client.clock, error, req, res, isDraining, options.failure),
      instance: undefined,
    };
  } finally {
    res.off("close", onClose);
  }
}

/** A client may send the whole URL to a proxy (RFC 9112 §3.2.2); the path is what counts here. */
function pathOf(url: string): string {
  if (url.startsWith("/")) return url;
  const parsed = URL.parse(url);
  return parsed === null ? url : `${parsed.pathname}${parsed.search}`;
}

function deadlineOf(req: IncomingMessage, timeoutMs: number): number {
  const given = Number(req.headers[Headers.deadline]);
  return Number.isFinite(given) && given > 0 ? Math.min(given, timeoutMs) : timeoutMs;
}
