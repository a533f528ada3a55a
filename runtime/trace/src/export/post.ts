import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly contentType: string;
  /** At most 64 KiB of it. */
  readonly body: Buffer;
}

/** Sends a body to the place it is made for. */
export interface Post {
  /** @throws what the connection throws, and an Error when there is no answer within `timeoutMs`. */
  send(body: Uint8Array, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<PostAnswer>;
  close(): void;
}

const answerBytesMax = 64 * 1024;

/** Over one kept connection, which never keeps the process alive. */
export function postTo(url: URL): Post {
  const isHttps = url.protocol === "https:";
  const agent = isHttps
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1 })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  return {
    send: (body, headers, timeoutMs) =>
      new Promise((resolve, reject) => {
        const sending = (isHttps ? requestHttps : requestHttp)(url, {
          method: "POST",
          agent,
          headers: { ...headers, "content-length": body.byteLength },
          timeout: timeoutMs,
        });
        sending.on("socket", (socket) => socket.unref());
        // Silence alone: an answer that trickles is bounded by its 64 KiB.
        sending.on("timeout", () => sending.destroy(new Error(`no answer within ${timeoutMs} ms`)));
        sending.on("error", reject);
        sending.on("response", (answer) => readAnswer(answer, resolve, reject));
        sending.end(body);
      }),
    close: () => agent.destroy(),
  };
}

function readAnswer(
  answer: IncomingMessage,
  resolve: (answer: PostAnswer) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= answerBytesMax) chunks.push(chunk);
    else answer.destroy(new Error(`the answer is longer than ${answerBytesMax} bytes`));
  });
  answer.on("error", reject);
  answer.on("end", () =>
    resolve({
      status: answer.statusCode ?? 0,
      retryAfter: answer.headers["retry-after"],
      contentType: answer.headers["content-type"] ?? "",
      body: Buffer.concat(chunks),
    }),
  );
}
