import { Agent, type IncomingMessage, request } from "node:http";
import { type Clock, messageOf, PlatformError, within } from "@holdfast/kernel";

/** A registry answers from memory: one that takes longer is as good as silent, and the next is asked. */
const answerMaxMs = 1_000;
/** Ten thousand instances are some 5 MB. */
const bodyBytesMax = 64 * 1024 * 1024;

export interface RegistryAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** One call to one registry, bounded in time and size. */
export class RegistryCall {
  readonly #clock: Clock;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @throws PlatformError `REGISTRY_UNREACHABLE` when it does not answer within a second, or not in JSON. Whatever it does
   * answer is returned, problems included.
   */
  async send(base: string, method: string, path: string, body?: unknown): Promise<RegistryAnswer> {
    const gaveUp = new AbortController();
    try {
      const answer = this.#answer(new URL(path, base), method, body, gaveUp.signal);
      return await within(this.#clock, answerMaxMs, base, answer);
    } catch (error) {
      gaveUp.abort();
      throw new PlatformError("REGISTRY_UNREACHABLE", `${base} does not answer: ${wordsOf(error)}`, {
        status: 503,
        next: "holdfast status",
        cause: error,
        details: { reason: wordsOf(error) },
      });
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #answer(url: URL, method: string, body: unknown, signal: AbortSignal): Promise<RegistryAnswer> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      ...(text === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(url, { method, headers, agent: this.#agent, signal }, resolve);
      outgoing.on("error", reject);
      outgoing.end(text);
    });
    return { status: response.statusCode ?? 0, body: await jsonOf(response) };
  }
}

async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error(`its answer is longer than ${bodyBytesMax} bytes`);
    parts.push(part);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw new Error("its answer is not JSON: is that a registry?");
  }
}

/** `connection refused` rather than `connect ECONNREFUSED 127.0.0.1:8761`: the address is in the sentence already. */
function wordsOf(error: unknown): string {
  const message = messageOf(error);
  if (message.includes("ECONNREFUSED")) return "connection refused";
  if (message.includes("ENOTFOUND") || message.includes("EAI_AGAIN")) return "its name is not known";
  return message.includes("not done within") ? `no answer within ${answerMaxMs / 1_000} s` : message;
}
