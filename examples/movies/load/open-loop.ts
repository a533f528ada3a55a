import { Agent, request } from "node:http";
import { type Outcome, Report } from "./report.ts";

export interface LoadOptions {
  readonly url: string;
  /** Requests a second, sent on time whatever the answers do. */
  readonly rate: number;
  readonly seconds: number;
  /** Share of requests (0 to 1) that are POSTs of a rating. */
  readonly postShare: number;
}

/** After so long nobody is interested any more: a failure, even if an answer comes. */
export const answerMaxMs = 1_000;
const paths = ["/", "/api/home?user=", "/film/", "/api/film/", "/api/whoami"];
const users = 26;
const films = 400;

/**
 * Open loop: each request has its intended send time, latency counts from it, nothing is tried twice. Bounded by
 * `rate × seconds` requests and the answer limit.
 */
export async function drive(options: LoadOptions, onProgress?: (report: Report) => void): Promise<Report> {
  const total = Math.round(options.rate * options.seconds);
  const agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: 4_000 });
  const report = new Report();
  const startedAtMs = performance.now();
  const open: Promise<void>[] = [];
  for (let n = 0; n < total; n++) {
    const dueAtMs = startedAtMs + (n * 1_000) / options.rate;
    const waitMs = dueAtMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    open.push(send(agent, options, n, dueAtMs).then((outcome) => report.add(outcome)));
    if (n % options.rate === 0) onProgress?.(report);
  }
  await Promise.all(open);
  agent.destroy();
  return report;
}

function send(agent: Agent, options: LoadOptions, n: number, dueAtMs: number): Promise<Outcome> {
  const isPost = options.postShare > 0 && (n * 0.618034) % 1 < options.postShare;
  const path = isPost ? "/api/ratings" : pathOf(n);
  const method = isPost ? "POST" : "GET";
  const body = isPost
    ? JSON.stringify({ id: `load-${process.pid}-${n}`, film: 1 + (n % films), stars: 1 + (n % 5) })
    : undefined;
  const headers: Record<string, string | number> =
    body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const end = (failure: string | undefined): void => {
      clearTimeout(timer);
      resolve({ method, path, ms: performance.now() - dueAtMs, failure });
    };
    const call = request(new URL(path, options.url), { method, headers, agent }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => (bytes += chunk.length));
      response.on("error", () => end("cut short"));
      response.on("aborted", () => end("cut short"));
      response.on("end", () => {
        const announced = Number(response.headers["content-length"] ?? bytes);
        if (response.statusCode === undefined || response.statusCode >= 400) end(`status ${response.statusCode}`);
        else end(bytes === announced ? undefined : "cut short");
      });
    });
    const timer = setTimeout(
      () => {
        call.destroy();
        end("no whole answer within 1 s");
      },
      Math.max(1, dueAtMs + answerMaxMs - performance.now()),
    );
    call.on("error", (error: Error & { code?: string }) => end(error.code ?? error.message));
    call.end(body);
  });
}

function pathOf(n: number): string {
  const base = paths[n % paths.length] ?? "/";
  if (base.endsWith("=")) return base + (1 + (n % users));
  return base.endsWith("film/") ? base + (1 + (n % films)) : base;
}
