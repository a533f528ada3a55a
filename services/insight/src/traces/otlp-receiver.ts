import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type Clock, codeOf, type Log, messageOf, PlatformError } from "@holdfast/kernel";
import { problemContentType, problemFrom } from "@holdfast/wire";
import {
  answerToJson,
  answerToProtobuf,
  otlpJsonType,
  otlpProtobufType,
  tracesFromJson,
  tracesFromProtobuf,
} from "@holdfast/wire/otlp";
import { type BodyLimits, readBody } from "./read-body.ts";
import { readSpans } from "./stored-span.ts";
import type { TraceStore } from "./trace-store.ts";

export interface ReceiverOptions {
  /** Whether whoever sends these headers may. */
  readonly isAuthorised: (headers: IncomingHttpHeaders) => boolean;
  readonly limits: BodyLimits;
  /** Spans a second, with as many at once; more get 429. */
  readonly spansPerSecond: number;
  /** Requests read at a time; more get 429. */
  readonly concurrentMax: number;
}

/** 4 MiB is a batch of 512 spans with 8 KiB each; 16 MiB of JSON inflated. Measured: 20,000 spans are 0.2 s of one core. */
export const receiverDefaults = {
  limits: { bytesMax: 4 * 1024 * 1024, inflatedMax: 16 * 1024 * 1024 },
  spansPerSecond: 20_000,
  concurrentMax: 16,
} as const;

const path = "/v1/traces";
const retryAfterSeconds = 1;
const requestMaxMs = 10_000;

/** Takes traces by OTLP/HTTP (`POST /v1/traces`, protobuf or JSON, gzip) from whoever may send them. */
export class OtlpReceiver {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: TraceStore;
  readonly #options: ReceiverOptions;
  readonly #server: Server;
  #reading = 0;
  /** Spans that may still be taken now. */
  #allowance: number;
  #allowanceAtMs: number;

  constructor(clock: Clock, log: Log, store: TraceStore, options: ReceiverOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#store = store;
    this.#options = options;
    this.#allowance = options.spansPerSecond;
    this.#allowanceAtMs = clock.monotonicMs();
    this.#server = createServer({ keepAliveTimeout: 65_000, requestTimeout: requestMaxMs }, (req, res) => {
      this.#serve(req, res).catch((error: unknown) => this.#fail(res, error));
    });
  }

  /** Resolves with the port. Does not keep the process alive. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        this.#server.unref();
        const bound = this.#server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : port);
      });
    });
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const type = this.#accept(req);
    this.#reading += 1;
    try {
      const body = await readBody(req, this.#options.limits);
      const isJson = type === otlpJsonType;
      const read = readSpans(isJson ? tracesFromJson(body.toString()) : tracesFromProtobuf(body));
      this.#pay(read.spans.length);
      const rejectedSpans = this.#store.add(read);
      const errorMessage =
        rejectedSpans === 0 ? "" : "malformed, older than the store reaches, or too many in one trace";
      const answer = { rejectedSpans, errorMessage };
      res.writeHead(200, { "content-type": type }).end(isJson ? answerToJson(answer) : answerToProtobuf(answer));
    } finally {
      this.#reading -= 1;
    }
  }

  /** What can be refused before its body is read; gives its content type. */
  #accept(req: IncomingMessage): string {
    if ((req.url ?? "").split("?", 1)[0] !== path)
      throw new PlatformError("NOT_FOUND", `${path} is all there is here`, { status: 404 });
    if (req.method !== "POST") throw new PlatformError("METHOD_NOT_ALLOWED", `${path} takes POST`, { status: 405 });
    if (!this.#options.isAuthorised(req.headers)) {
      throw new PlatformError("UNAUTHORISED", "the sender's token is missing or wrong", {
        status: 401,
        next: "instances find it in OTEL_EXPORTER_OTLP_HEADERS; for other programs there is holdfast traces --endpoint",
      });
    }
    const type = (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
    if (type !== otlpJsonType && type !== otlpProtobufType) {
      throw new PlatformError("OTLP_TYPE_UNKNOWN", `the content type must be ${otlpProtobufType} or ${otlpJsonType}`, {
        status: 415,
        next: "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
      });
    }
    if (this.#reading >= this.#options.concurrentMax) throw tooMuch("too many requests at a time");
    return type;
  }

  #pay(spans: number): void {
    const nowMs = this.#clock.monotonicMs();
    const { spansPerSecond } = this.#options;
    const refill = ((nowMs - this.#allowanceAtMs) / 1_000) * spansPerSecond;
    this.#allowanceAtMs = nowMs;
    this.#allowance = Math.min(spansPerSecond, this.#allowance + refill);
    if (this.#allowance <= 0) throw tooMuch(`more than ${spansPerSecond} spans a second`);
    // May go below zero: a batch is taken whole, and the next ones wait for it.
    this.#allowance -= spans;
  }

  #fail(res: ServerResponse, error: unknown): void {
    if (res.headersSent || res.destroyed) return void res.destroy();
    const told = problemFrom(error);
    if (told.status >= 500) this.#log.error("traces.receive.failed", { code: codeOf(error), reason: messageOf(error) });
    const body = JSON.stringify(told);
    // What is left of the body is not worth reading.
    res.setHeader("connection", "close");
    if (told.status === 429) res.setHeader("retry-after", String(retryAfterSeconds));
    if (told.status === 405) res.setHeader("allow", "POST");
    res.writeHead(told.status, { "content-type": problemContentType, "content-length": Buffer.byteLength(body) });
    res.end(body);
  }
}

function tooMuch(why: string): PlatformError {
  return new PlatformError("OTLP_TOO_MUCH", `the receiver takes no more now: ${why}`, {
    status: 429,
    next: "lower the property trace.sample, or wait",
  });
}
