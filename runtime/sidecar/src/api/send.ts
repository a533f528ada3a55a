import type { ServerResponse } from "node:http";
import { type Problem, problem, problemContentType } from "@holdfast/wire";

/** A whole answer: length and type are always said. */
export function send(res: ServerResponse, status: number, type: string, body: string): void {
  res.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
}

export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  send(res, status, "application/json", JSON.stringify(value));
}

/** What is wrong with a request to the sidecar itself, as problem+json. */
export function sendProblem(res: ServerResponse, status: number, code: string, detail: string, next?: string): void {
  const body: Problem = problem(status, code, detail, { next });
  send(res, status, problemContentType, JSON.stringify(body));
}
