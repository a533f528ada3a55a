import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Clock, PlatformError } from "@holdfast/kernel";

/** What the receiver said. */
export interface PublishAnswer {
  readonly status: number;
  readonly body: string;
}

/** Brings one body to Atlas; rejects when there was no answer. */
export type PublishSender = (body: string) => Promise<PublishAnswer>;

export interface HttpSenderOptions {
  /** Default 1 000 ms. */
  readonly connectMs?: number;
  /** From the connection to the end of the answer. Default 10 000 ms. */
  readonly readMs?: number;
  /** Sent with each body, such as what a receiver of others wants as proof of who sends. */
  readonly headers?: Readonly<Record<string, string>>;
}

const answerBytesMax = 64 * 1024;
/** Smaller bodies are not worth compressing: they fit into a packet. */
const gzipFromBytes = 1_400;
const compress = promisify(gzip);

/**
 * Posts to `url` (Atlas: `http://localhost:7101/api/v1/publish`), compressed. No connection is kept: a step is longer than
 * any idle connection lives.
 */
export function httpPublishSender(
  clock: Pick<Clock, "after">,
  url: URL,
  options: HttpSenderOptions = {},
): PublishSender {
  const { connectMs = 1_000, readMs = 10_000 } = options;
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return async (text) => {
    const plain = Buffer.from(text);
    const isZipped = plain.length >= gzipFromBytes;
    const body = isZipped ? await compress(plain) : plain;
    return new Promise((resolve, reject) => {
      const headers = {
        ...options.headers,
        "content-type": "application/json",
        "content-length": body.length,
        ...(isZipped ? { "content-encoding": "gzip" } : {}),
      };
      const call = send(url, { method: "POST", agent: false, headers }, (answer) => {
        let said = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          if (said.length < answerBytesMax) said += chunk;
        });
        answer.on("error", fail);
        answer.on("end", () => {
          limit.cancel();
          resolve({ status: answer.statusCode ?? 0, body: said });
        });
      });
      const tooLate = (what: string, ms: number) => (): void => void call.destroy(timeout(url, what, ms));
      let limit = clock.after(connectMs, tooLate("connection", connectMs));
      call.on("socket", (socket) => {
        socket.once("connect", () => {
          limit.cancel();
          limit = clock.after(readMs, tooLate("answer", readMs));
        });
      });
      function fail(error: Error): void {
        limit.cancel();
        reject(error);
      }
      call.on("error", fail);
      call.end(body);
    });
  };
}

function timeout(url: URL, what: string, ms: number): PlatformError {
  return new PlatformError("PUBLISH_TIMEOUT", `${url.host}: no ${what} within ${ms} ms`, {
    next: "see whether the receiver of metrics runs and is reachable",
  });
}
