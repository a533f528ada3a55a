import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { enterContext } from "@holdfast/client";
import { type Clock, hasCode, type Log, messageOf, type PlatformError } from "@holdfast/kernel";
import { IpcServerMeters, type MeterRegistry } from "@holdfast/metrics";
import type { Closing, ServerLimiter } from "@holdfast/resilience";
import type { Tracer } from "@holdfast/trace";
import { Headers, problem, problemContentType } from "@holdfast/wire";
import { guardAccept } from "./accept-guard.ts";
import { type Handler, type NodeHandler, toNodeHandler } from "./handler.ts";
import { type InstanceResponse, responseOf } from "./instance-response.ts";
import { BodyLimit } from "./limits/body-limit.ts";
import type { AccessLog } from "./logs/access-log.ts";
import { rawHeader } from "./raw-header.ts";
import { ServedRequest } from "./served-request.ts";

/** Longer than any caller of ours keeps an idle connection (4 s, or this less a second), so that we never close first. */
export const keepAliveTimeoutMs = 65_000;
export const headerBytesMax = 48 * 1024;
/** How often Node looks for requests that do not come whole; its own default. */
const checkEveryMs = 30_000;
/** The bytes of a request may still be under way on a connection that was just accepted. */
const lastIdleMs = 50;
/** Of a request whose caller did not wait for an answer, as nginx counts it. */
const callerGone = 499;

export interface AppServerOptions {
  readonly handler: Handler;
  readonly onUpgrade?: ((req: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
  readonly instanceId: string;
  /** Share the port with another process of ours. */
  readonly reusePort: boolean;
  readonly endEmptyRequests: boolean;
  readonly limiter: ServerLimiter | undefined;
  /** Bodies of more bytes are refused; Infinity: none. */
  readonly bodyBytesMax: number;
  /** A request that has not come whole after so long is refused, in ms. */
  readonly requestMaxMs: number;
  readonly access: AccessLog;
  /** Makes a span of each request. */
  readonly tracer: Tracer | undefined;
}

/** The server that callers talk to: identity check, context, measurement, and a handler that may be anyone's. */
export class AppServer {
  readonly server: Server<typeof IncomingMessage, typeof InstanceResponse>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: AppServerOptions;
  readonly #handler: NodeHandler;
  readonly #ipc: IpcServerMeters;
  readonly #bodies: BodyLimit;
  #inFlight = 0;
  #connections = 0;
  #draining = false;
  #onQuiet: (() => void) | undefined;

  constructor(clock: Clock, log: Log, meters: MeterRegistry, options: AppServerOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#ipc = new IpcServerMeters(meters);
    this.#options = options;
    this.#bodies = new BodyLimit(clock, options.bodyBytesMax, refuseBody);
    const handler = toNodeHandler(options.handler);
    this.#handler = options.limiter === undefined ? handler : options.limiter.limited(handler, tellClosed);
    this.server = createServer(
      {
        keepAliveTimeout: keepAliveTimeoutMs,
        maxHeaderSize: headerBytesMax,
        noDelay: true,
        connectionsCheckingInterval: Math.min(checkEveryMs, Math.ceil(options.requestMaxMs / 4)),
        optimizeEmptyRequests: options.endEmptyRequests,
        ServerResponse: responseOf(options.instanceId),
      },
      (req, res) => this.#serve(req, res),
    );
    this.server.headersTimeout = Math.min(keepAliveTimeoutMs + 1_000, options.requestMaxMs);
    this.server.requestTimeout = options.requestMaxMs;
    this.server.on("connection", (socket) => {
      this.#connections += 1;
      socket.on("close", () => {
        this.#connections -= 1;
        this.#tellQuiet();
      });
    });
    this.server.on("clientError", refuseClient);
    this.server.on("checkContinue", (req: IncomingMessage, res: InstanceResponse) => {
      // Who asks first need not send what is refused.
      if (!this.#bodies.isTooLong(req)) res.writeContinue();
      this.#serve(req, res);
    });
    const { onUpgrade } = options;
    if (onUpgrade !== undefined) {
      this.server.on("upgrade", (req, socket, head) => {
        if (this.#isMeant(req)) onUpgrade(req, socket, head);
        else socket.end(misdirectedUpgrade);
      });
    }
    guardAccept(this.server, clock, log);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get connections(): number {
    return this.#connections;
  }

  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen({ host, port, backlog: 511, reusePort: this.#options.reusePort }, () => {
        this.server.off("error", reject);
        const bound = this.server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : port);
      });
    });
  }

  /** From now on answers carry `Connection: close`; requests that still arrive are served. */
  startDraining(): void {
    this.#draining = true;
  }

  /**
   * Resolves with true when the callers have ended all their connections, or, after `idleMs` without a request in
   * flight, when only idle ones are left; with false when `boundMs` is over first.
   */
  async quiet(idleMs: number, boundMs: number): Promise<boolean> {
    const endAtMs = this.#clock.monotonicMs() + boundMs;
    let idleSinceMs: number | undefined;
    while (this.#connections > 0) {
      const nowMs = this.#clock.monotonicMs();
      if (nowMs >= endAtMs) return false;
      idleSinceMs = this.#inFlight > 0 ? undefined : (idleSinceMs ?? nowMs);
      if (idleSinceMs !== undefined && nowMs - idleSinceMs >= idleMs) return true;
      await Promise.race([this.#clock.sleep(25), new Promise<void>((resolve) => (this.#onQuiet = resolve))]);
    }
    return true;
  }

  /**
   * Takes no new connections, serves what has come until nothing has for a moment or `boundMs` is over, then ends every
   * connection.
   */
  async close(boundMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.server.close(() => resolve()));
    await this.quiet(lastIdleMs, boundMs);
    this.server.closeAllConnections();
    await closed;
  }

  #serve(req: IncomingMessage, res: InstanceResponse): void {
    if (!this.#isMeant(req)) {
      const detail = `this is ${this.#options.instanceId}, not ${String(req.headers[Headers.instance])}`;
      return refuse(req, res, 421, "INSTANCE_MISDIRECTED", detail);
    }
    if (this.#draining) res.setHeader("connection", "close");
    const startedAtMs = this.#clock.monotonicMs();
    const leftMs = Number(rawHeader(req, Headers.deadline) || Number.NaN);
    if (leftMs <= 0) return refuse(req, res, 504, "DEADLINE_PASSED", "nobody waits for this answer any more");
    this.#inFlight += 1;
    this.#ipc.began(this.#inFlight);
    const deadlineAtMs = Number.isNaN(leftMs) ? undefined : startedAtMs + leftMs;
    const served = new ServedRequest(req, res, startedAtMs, deadlineAtMs, this.#options.tracer);
    res.on("close", () => this.#ended(served, res));
    if (!this.#bodies.admits(req, res)) return;
    enterContext(served);
    this.#run(req, res);
  }

  #ended(served: ServedRequest, res: InstanceResponse): void {
    const status = res.headersSent ? res.statusCode : callerGone;
    const nowMs = this.#clock.monotonicMs();
    const tookMs = nowMs - served.startedAtMs;
    this.#inFlight -= 1;
    this.#ipc.ended(served.method, served.url, status, served.attempt, tookMs);
    served.ended(status, nowMs);
    if (this.#options.access.wants(status)) this.#options.access.write(served.access(status, tookMs));
    res.whenClosed?.closed();
    this.#tellQuiet();
  }

  /** False when the caller means another instance, such as the one that had this port before. */
  #isMeant(req: IncomingMessage): boolean {
    const meant = rawHeader(req, Headers.instance);
    return meant === undefined || meant === this.#options.instanceId;
  }

  #run(req: IncomingMessage, res: ServerResponse): void {
    const failed = (error: unknown): void => {
      // Answered already; what its reader says of it is no news.
      if (hasCode(error, "BODY_TOO_LARGE") && res.writableEnded) return;
      this.#log.error("service.handler.failed", { method: req.method, path: req.url, error });
      if (res.writableEnded) return;
      if (res.headersSent) return void res.destroy();
      send(res, 500, "HANDLER_FAILED", "the service failed; its log has the cause");
    };
    try {
      const result = this.#handler(req, res);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #tellQuiet(): void {
    this.#onQuiet?.();
    this.#onQuiet = undefined;
  }
}

/** The limiter hears of the end from us. */
function tellClosed(res: ServerResponse, closing: Closing): void {
  (res as InstanceResponse).whenClosed = closing;
}

const misdirectedUpgrade = `HTTP/1.1 421 Misdirected Request\r\n${Headers.notExecuted}: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;

/** Answers that the handler was not run, so that the caller may ask another server. */
function refuse(req: IncomingMessage, res: ServerResponse, status: number, code: string, detail: string): void {
  res.setHeader(Headers.notExecuted, "1");
  req.resume();
  send(res, status, code, detail);
}

function refuseBody(res: ServerResponse, { status, code, message, next }: PlatformError): void {
  if (res.writableEnded) return;
  if (res.headersSent) return void res.destroy();
  send(res, status, code, message, next);
}

function send(res: ServerResponse, status: number, code: string, detail: string, next?: string): void {
  const body = JSON.stringify(problem(status, code, detail, { next }));
  res.writeHead(status, { "content-type": problemContentType, "content-length": Buffer.byteLength(body) }).end(body);
}

/** A request that is no HTTP, or too long in its head: a coded answer, then the end of the connection. */
export function refuseClient(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, text, code, detail] = refusalOf(error);
  const body = JSON.stringify(problem(status, code, detail));
  const head = `HTTP/1.1 ${status} ${text}\r\ncontent-type: ${problemContentType}\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
}

function refusalOf(error: Error & { code?: string }): readonly [number, string, string, string] {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return [
        431,
        "Request Header Fields Too Large",
        "HEADERS_TOO_LARGE",
        `headers are longer than ${headerBytesMax} bytes`,
      ];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "Request Timeout", "REQUEST_TOO_SLOW", "the request did not come whole in time"];
    default:
      return [400, "Bad Request", "REQUEST_MALFORMED", messageOf(error)];
  }
}
