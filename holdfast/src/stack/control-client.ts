import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { codeOf, messageOf, PlatformError } from "@holdfast/kernel";
import { errorFromProblem, operatorAddress, SseDecoder } from "@holdfast/wire";

/** The one client of control's API that commands and the supervisor use. */
export class ControlClient {
  readonly #port: number;
  readonly #stateDirectory: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(port: number, stateDirectory: string) {
    this.#port = port;
    this.#stateDirectory = stateDirectory;
  }

  /**
   * Asks once; `more` are headers beside the usual ones.
   *
   * @throws PlatformError with the code of the API's problem, or `CONTROL_UNREACHABLE`.
   */
  async call<T>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.#send(method, path, body, 30_000, undefined, more);
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    const value: unknown = text === "" ? undefined : parseJson(text);
    if (status >= 400) throw errorFromProblem(value, status);
    return value as T;
  }

  /**
   * Reads a stream of server-sent events until it ends or `signal` aborts.
   *
   * @throws as {@link call} does, also when the stream breaks off.
   */
  async stream(path: string, onEvent: (event: string, data: unknown) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#send("GET", path, undefined, 0, signal);
    const status = response.statusCode ?? 0;
    if (status >= 400) throw errorFromProblem(parseJson(await textOf(response)), status);
    const decoder = new SseDecoder((event) => onEvent(event.event, parseJson(event.data)));
    response.setEncoding("utf8");
    try {
      for await (const chunk of response) decoder.push(String(chunk));
    } catch (error) {
      if (!signal.aborted) throw unreachable(this.#port, error);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    path: string,
    body: unknown,
    timeoutMs: number,
    signal?: AbortSignal,
    more: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = {
      ...more,
      authorization: `Bearer ${this.#token()}`,
      accept: "application/json",
    };
    if (text !== undefined) headers["content-type"] = "application/json";
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: operatorAddress,
          port: this.#port,
          method,
          path,
          headers,
          agent: timeoutMs === 0 ? false : this.#agent,
          ...(timeoutMs === 0 ? {} : { timeout: timeoutMs }),
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
      outgoing.on("error", (error) => reject(unreachable(this.#port, error)));
      outgoing.end(text);
    });
  }

  /** Read for each call: control makes it at its first start. */
  #token(): string {
    try {
      return readFileSync(join(this.#stateDirectory, "token"), "utf8").trim();
    } catch (error) {
      throw new PlatformError(
        "CONTROL_UNREACHABLE",
        `${this.#stateDirectory}/token: cannot be read (${codeOf(error)})`,
        {
          next: "start the stack: holdfast up",
          cause: error,
        },
      );
    }
  }
}

function unreachable(port: number, error: unknown): PlatformError {
  return new PlatformError(
    "CONTROL_UNREACHABLE",
    `control does not answer on ${operatorAddress}:${port} (${messageOf(error)})`,
    {
      next: "start the stack: holdfast up   (what runs now: holdfast doctor)",
      cause: error,
    },
  );
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
