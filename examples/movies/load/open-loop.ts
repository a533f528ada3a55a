import { Agent, request } from "node:http";
import { type Outcome, Report } from "./report.ts";
import { type PlannedRequest, requestAt, type TrafficOptions } from "./traffic.ts";

export interface LoadOptions extends TrafficOptions {
  readonly url: string;
  /** Requests a second, sent on time whatever the answers do. */
  readonly rate: number;
  readonly seconds: number;
}

/** After so long nobody is interested any more: a failure, even if an answer comes. */
export const answerMaxMs = 1_000;

/**
 * Open loop: each request has its intended send time, latency counts from it, nothing is tried twice. A kept connection
 * that is reset is a failure like any other. At most `rate × answerMaxMs` requests are open at a time.
 */
export async function drive(options: LoadOptions, onProgress?: (report: Report) => void): Promise<Report> {
  const total = Math.round(options.rate * options.seconds);
  const agent = new Agent({ keepAlive: true, maxSockets: Math.ceil(options.rate * 1.2) + 16, timeout: 4_000 });
  const report = new Report();
  const open = new Set<Promise<void>>();
  const startedAtMs = performance.now();
  for (let n = 0; n < total; n++) {
    const dueAtMs = startedAtMs + (n * 1_000) / options.rate;
    const waitMs = dueAtMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const one: Promise<void> = send(agent, options.url, requestAt(n, options), dueAtMs).then((ended) => {
      report.add({ ...ended, atMs: dueAtMs - startedAtMs });
      open.delete(one);
    });
    open.add(one);
    if (n % options.rate === 0) onProgress?.(report);
  }
  await Promise.all(open);
  agent.destroy();
  return report;
}

/** Sends one request and says how it ended. Never throws; ends at the latest {@link answerMaxMs} after `dueAtMs`. */
function send(agent: Agent, url: string, planned: PlannedRequest, dueAtMs: number): Promise<Omit<Outcome, "atMs">> {
  const { method, path, body } = planned;
  const headers: Record<string, string | number> =
    body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const end = (failure: string | undefined): void => {
      clearTimeout(timer);
      const ms = performance.now() - dueAtMs;
      resolve({ method, path, ms, failure: failure ?? (ms > answerMaxMs ? lateFailure : undefined) });
    };
    const call = request(new URL(path, url), { method, headers, agent }, (response) => {
      let bytes = 0;
      const status = response.statusCode ?? 0;
      const isGood = status >= 200 && status < 400;
      let told = "";
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (!isGood && told.length < toldMax) told += String(chunk);
      });
      response.on("error", () => end("cut short"));
      response.on("end", () => {
        const announced = Number(response.headers["content-length"] ?? bytes);
        if (!isGood) end(`status ${status}${codeIn(told)}`);
        else end(response.complete && bytes === announced ? undefined : "cut short");
      });
    });
    const timer = setTimeout(
      () => {
        end(lateFailure);
        call.destroy();
      },
      Math.max(1, dueAtMs + answerMaxMs - performance.now()),
    );
    call.on("error", (error: Error & { code?: string }) => end(error.code ?? error.message));
    call.end(body);
  });
}

/** The stable code of a problem+json answer, with a space before it. */
function codeIn(text: string): string {
  const code = /"code":"([A-Z_]{1,40})"/.exec(text)?.[1];
  return code === undefined ? "" : ` ${code}`;
}

const toldMax = 4_096;
const lateFailure = "no whole answer within 1 s";
