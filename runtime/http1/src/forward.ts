import { PlatformError } from "@holdfast/kernel";
import { problemContentType, problemFrom } from "@holdfast/wire";
import { isAuthority } from "./authority.ts";
import { Fields } from "./fields.ts";
import { framing } from "./framing.ts";
import { isTarget } from "./grammar.ts";
import type { Origin } from "./origin/origin.ts";
import type { OriginCall } from "./origin/origin-call.ts";
import type { OriginConnection } from "./origin/origin-connection.ts";
import type { ResponseHead } from "./response-head.ts";
import type { Exchange, Worker } from "./server/exchange.ts";
import { inChunks, Upload } from "./upload.ts";

export interface ForwardOptions {
  /** In place of the request's own target. */
  readonly target?: string;
  /** In place of the client's `Host`, which else goes on as it came. */
  readonly host?: string;
  /** Names us in `Via`, which RFC 9110 §7.6.3 asks of a proxy. Default `holdfast`; "" leaves it out. */
  readonly via?: string;
  /** Protocols that clients may change to, in lower case. Default `websocket` alone; others are not asked for. */
  readonly upgrades?: readonly string[];
  /** Sees an answer before its client does, and may change its fields. */
  readonly onResponse?: (head: ResponseHead, exchange: Exchange) => void;
  /**
   * The origin gave no answer, or not all of it. While `exchange.open` another may be tried: a request may be repeated when
   * `error.details.sent` is false, or when it is idempotent; its body is there again when `exchange.body` is. Without this, the
   * client is told.
   */
  readonly onFailure?: (error: PlatformError, exchange: Exchange) => void;
}

const websocket = ["websocket"];
/** RFC 9110 §9.2.2. */
const idempotent = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
/** Of these an origin may want to hear that there is no body. */
const mayHaveBody = new Set(["POST", "PUT", "PATCH"]);
/** To be written in one text with the head. */
const joinedBytes = 8 * 1024;

/**
 * Sends an exchange's request to `origin`, and the origin's answer to its client; bodies both ways as they come, at the pace of
 * the slower side. Framing is written anew from what was measured; fields of one connection stay behind.
 *
 * @throws PlatformError HTTP_TARGET_UNSENDABLE for a `target` or `host` that would break the request: nothing was sent.
 */
export function forward(exchange: Exchange, origin: Origin, options: ForwardOptions = {}): void {
  new Forwarding(exchange, origin, options).start();
}

class Forwarding implements OriginCall, Worker {
  readonly method: string;
  readonly text: string;
  readonly bytes: Buffer | undefined;
  readonly streams: boolean;
  readonly repeatable: boolean;
  readonly upgrade: string;
  readonly #exchange: Exchange;
  readonly #origin: Origin;
  readonly #options: ForwardOptions;
  readonly #chunked: boolean;
  #connection: OriginConnection | undefined;

  constructor(exchange: Exchange, origin: Origin, options: ForwardOptions) {
    const { request, body } = exchange;
    this.#exchange = exchange;
    this.#origin = origin;
    this.#options = options;
    mustBeSendable(options);
    this.method = request.method;
    this.streams = body === undefined;
    this.repeatable = !this.streams && idempotent.has(request.method);
    this.upgrade = (options.upgrades ?? websocket).includes(request.upgrade) ? request.upgrade : "";
    const trailers = exchange.trailers !== undefined && body !== undefined;
    this.#chunked = request.length === framing.chunked && (this.streams || trailers);
    const joined = body !== undefined && body.length <= joinedBytes;
    const head = this.#head();
    if (trailers) this.text = head + inChunks(body, exchange.trailers);
    else this.text = joined && body.length > 0 ? head + body.toString("latin1") : head;
    this.bytes = joined || trailers ? undefined : body;
  }

  start(): void {
    this.#exchange.attach(this);
    this.#origin.send(this);
  }

  // What the origin does.

  sent(connection: OriginConnection): void {
    this.#connection = connection;
  }

  ready(connection: OriginConnection): void {
    this.#exchange.takeBody(new Upload(this.#exchange, connection, this.#chunked), false);
  }

  informed(head: ResponseHead): void {
    if (head.status !== 100 || this.#exchange.request.expectsContinue) this.#exchange.inform(head.status, head.fields);
  }

  answered(head: ResponseHead, whole: string | undefined): void {
    if (!this.#exchange.open) return this.#abort();
    this.#options.onResponse?.(head, this.#exchange);
    if (!this.#exchange.open) return this.#abort();
    if (whole === undefined) return this.#exchange.begin(head);
    this.#connection = undefined;
    this.#exchange.attach(undefined);
    this.#exchange.sendWhole(head, whole);
  }

  data(piece: Buffer): boolean {
    return this.#exchange.write(piece);
  }

  ended(trailers: Fields | undefined): void {
    this.#connection = undefined;
    this.#exchange.end(trailers);
  }

  switched(head: ResponseHead, connection: OriginConnection): void {
    if (!this.#exchange.open) return connection.destroy();
    this.#options.onResponse?.(head, this.#exchange);
    if (!this.#exchange.open) return connection.destroy();
    this.#connection = undefined;
    this.#exchange.attach(undefined);
    connection.join(this.#exchange.join(head, this.upgrade, connection));
  }

  failed(error: PlatformError): void {
    this.#connection = undefined;
    if (this.#exchange.over) return;
    this.#exchange.attach(undefined);
    if (this.#options.onFailure !== undefined && this.#exchange.open)
      return this.#options.onFailure(error, this.#exchange);
    answerFailure(this.#exchange, error);
    this.#options.onFailure?.(error, this.#exchange);
  }

  drained(): void {
    this.#exchange.resumeBody();
  }

  // What the client does.

  clientGone(): void {
    this.#abort();
  }

  clientDrained(): void {
    this.#connection?.resume();
  }

  /** Gives up the call, wherever it is. */
  #abort(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#exchange.attach(undefined);
    if (connection === undefined) this.#origin.forget(this);
    else connection.abort();
  }

  #head(): string {
    const { request, body } = this.#exchange;
    const { target = request.target, host, via = "holdfast" } = this.#options;
    const named = host ?? (request.host === "" ? `${this.#origin.host}:${this.#origin.port}` : undefined);
    let text = `${request.method} ${target} HTTP/1.1\r\n`;
    if (named !== undefined) text += `Host: ${named}\r\n`;
    text += request.fields.onward(named === undefined, this.#chunked);
    if (via !== "") text += `Via: 1.${request.minor} ${via}\r\n`;
    if (this.upgrade !== "") text += `Connection: Upgrade\r\nUpgrade: ${this.upgrade}\r\n`;
    if (this.#chunked) text += "Transfer-Encoding: chunked\r\n";
    else if (request.length !== 0) text += `Content-Length: ${body?.length ?? request.length}\r\n`;
    else if (mayHaveBody.has(request.method)) text += "Content-Length: 0\r\n";
    if (this.streams && request.expectsContinue) text += "Expect: 100-continue\r\n";
    return `${text}\r\n`;
  }
}

/** Tells the client that the origin failed: as a problem, or, when an answer has begun, by cutting it off. */
function answerFailure(exchange: Exchange, error: PlatformError): void {
  if (!exchange.open) return exchange.cutOff();
  const body = JSON.stringify(problemFrom(error));
  exchange.respond(error.status, Fields.from([["Content-Type", problemContentType]]), body);
}

function mustBeSendable({ target, host }: ForwardOptions): void {
  if ((target === undefined || isTarget(target)) && (host === undefined || isAuthority(host))) return;
  throw new PlatformError("HTTP_TARGET_UNSENDABLE", `request: cannot be sent to ${JSON.stringify(target ?? host)}`, {
    next: "Give a target that begins with a slash and is percent-encoded, and a host with at most a port.",
  });
}
