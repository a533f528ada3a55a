import { Agent, type IncomingMessage, request } from "node:http";
import { type Clock, PlatformError } from "@holdfast/kernel";

/** How to reach registries: own zone first. */
export interface RegistryAccess {
  /** Base URLs, own zone first. */
  readonly registries: readonly string[];
  /** Local address to connect from, so that others see which instance calls. */
  readonly localAddress?: string | undefined;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** An answer longer than this is not one of a registry. */
const answerBytesMax = 64 * 1024 * 1024;

/** One call of one registry. Kept connections are shared by all calls of a caller. */
export class RegistryCaller {
  readonly #clock: Clock;
  readonly #agent: Agent;
  readonly #localAddress: string | undefined;

  constructor(clock: Clock, localAddress?: string) {
    this.#clock = clock;
    this.#localAddress = localAddress;
    // Longer than the heartbeat, shorter than a server's 65 s of keep-alive.
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, timeout: 20_000 });
  }

  /**
   * Calls `base + path` and reads the whole answer.
   *
   * @throws PlatformError `REGISTRY_UNREACHABLE` when there is no whole answer within `timeoutMs`.
   */
  call(base: string, method: string, path: string, body?: unknown, timeoutMs = 1_500): Promise<RegistryAnswer> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, base);
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers: Record<string, string | number> =
        payload === undefined ? {} : { "content-type": "application/json", "content-length": payload.length };
      const fail = (error: unknown): void => {
        timer.cancel();
        reject(
          new PlatformError("REGISTRY_UNREACHABLE", `registry ${base}: no answer to ${method} ${path}`, {
            cause: error,
            status: 503,
          }),
        );
      };
      const options = { method, headers, agent: this.#agent, localAddress: this.#localAddress };
      const call = request(url, options, (response) => {
        readAll(response).then((text) => {
          timer.cancel();
          resolve({ status: response.statusCode ?? 0, body: parse(text) });
        }, fail);
      });
      const timer = this.#clock.after(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      call.on("error", fail);
      call.end(payload);
    });
  }

  /**
   * Tries the registries in turn, from `first` on, until one answers anything but a 5xx; `timeoutMs` is for each.
   *
   * @throws PlatformError `REGISTRY_UNREACHABLE` when none does.
   */
  async callAny(
    access: RegistryAccess,
    first: number,
    method: string,
    path: string,
    body?: unknown,
    timeoutMs?: number,
  ): Promise<RegistryAnswer & { readonly index: number }> {
    let last: unknown = new PlatformError("REGISTRY_UNREACHABLE", "registry: none is configured", { status: 503 });
    for (let i = 0; i < access.registries.length; i++) {
      const index = (first + i) % access.registries.length;
      const base = access.registries[index];
      if (base === undefined) continue;
      try {
        const answer = await this.call(base, method, path, body, timeoutMs);
        if (answer.status < 500) return { ...answer, index };
        last = new PlatformError("REGISTRY_UNREACHABLE", `registry ${base}: answered ${answer.status}`, {
          status: 503,
        });
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > answerBytesMax) throw new RangeError("the answer is too long");
  }
  return text;
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
