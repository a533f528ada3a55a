import type { Readable } from "node:stream";
import { type Clock, codeOf, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import { Pool } from "undici";
import type {
  ContainerDetail,
  ContainerStats,
  ContainerSummary,
  CreateBody,
  DockerEvent,
  EngineInfo,
  NetworkDetail,
} from "./docker-types.ts";
import { JsonLines } from "./json-lines.ts";
import { LogFrames } from "./log-frames.ts";

/** Podman 4 and Docker 20 and later speak it (delivery.md §4.1). */
const prefix = "/v1.41";
/** An engine that does not answer a question so long is not there. */
const answerMs = 10_000;
/** It costs an engine nothing to say that it lives (1 ms). */
const pingMs = 5_000;
/** Starting on a busy machine, or taking in an image of 100 MB, may take it so long. */
const workMs = 120_000;
const errorBytesMax = 65_536;

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly timeoutMs?: number;
  /** What it answers is not JSON, and of no interest. */
  readonly isText?: boolean;
}

/** What must be there in time of a stream: its beginning, all of it, or (engines say nothing before a first line) nothing. */
type StreamCall = Call & { readonly bound: "begin" | "all" | "none" };

/**
 * The calls of the Docker API that an engine of ours makes, over its Unix socket. Docker and Podman answer them alike.
 *
 * All throw PlatformError: `CONTAINER_ENGINE_UNREACHABLE` (503) when nobody answers on the socket,
 * `CONTAINER_ENGINE_REFUSED` with the engine's own status and words otherwise. Every call ends in time: `ping` after 5 s,
 * questions after 10 s, work (create, start, remove, load) after 120 s. Only streams last; whoever has one asks with `ping`
 * whether its engine lives.
 */
export class DockerApi {
  readonly #clock: Clock;
  readonly #socketPath: string;
  readonly #pool: Pool;

  constructor(clock: Clock, socketPath: string) {
    this.#clock = clock;
    this.#socketPath = socketPath;
    // Each stream (events, a container's output) has a connection of its own: no bound on them. One call a connection at a
    // time, as the engine answers them in order.
    this.#pool = new Pool("http://docker", { socketPath, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
  }

  /** Resolves when the engine answers at all. */
  async ping(): Promise<void> {
    await this.#json({ method: "GET", path: "/_ping", isText: true, timeoutMs: pingMs });
  }

  async info(): Promise<EngineInfo> {
    return (await this.#json({ method: "GET", path: "/info" })) as EngineInfo;
  }

  async list(labels: Readonly<Record<string, string>>): Promise<ContainerSummary[]> {
    const filters = JSON.stringify({ label: pairsOf(labels) });
    return (await this.#json({
      method: "GET",
      path: "/containers/json",
      query: { all: "true", filters },
    })) as ContainerSummary[];
  }

  /** `undefined` when there is no such container. */
  async inspect(name: string): Promise<ContainerDetail | undefined> {
    const path = `/containers/${encodeURIComponent(name)}/json`;
    return (await orUndefined(404, this.#json({ method: "GET", path }))) as ContainerDetail | undefined;
  }

  /** `undefined` when the name is taken: by the same instance, as names are made of ids. */
  async create(name: string, body: CreateBody): Promise<string | undefined> {
    const call = { method: "POST", path: "/containers/create", query: { name }, body, timeoutMs: workMs } as const;
    const made = await orUndefined(409, this.#json(call));
    return made === undefined ? undefined : (made as { Id: string }).Id;
  }

  /** One that runs already is fine. */
  async start(name: string): Promise<void> {
    const path = `/containers/${encodeURIComponent(name)}/start`;
    await orUndefined(304, this.#json({ method: "POST", path, timeoutMs: workMs }));
  }

  /** False when it does not run. */
  async kill(name: string, signal: string): Promise<boolean> {
    const path = `/containers/${encodeURIComponent(name)}/kill`;
    return this.#unlessGone({ method: "POST", path, query: { signal } });
  }

  /** Holds all its processes where they are. False when it does not run. */
  async pause(name: string): Promise<boolean> {
    return this.#unlessGone({ method: "POST", path: `/containers/${encodeURIComponent(name)}/pause` });
  }

  async unpause(name: string): Promise<boolean> {
    return this.#unlessGone({ method: "POST", path: `/containers/${encodeURIComponent(name)}/unpause` });
  }

  /** Removes it, ended or not. One that is gone is fine. */
  async remove(name: string): Promise<void> {
    const path = `/containers/${encodeURIComponent(name)}`;
    await orUndefined(404, this.#json({ method: "DELETE", path, query: { force: "true" }, timeoutMs: workMs }));
  }

  /** What it uses, asked once. `undefined` when it does not run. */
  async stats(name: string): Promise<ContainerStats | undefined> {
    const path = `/containers/${encodeURIComponent(name)}/stats`;
    const query = { stream: "false", "one-shot": "true" };
    return (await orUndefined(404, this.#json({ method: "GET", path, query }))) as ContainerStats | undefined;
  }

  /**
   * Its output, all the engine still has of it; with `follow` also what comes, until its end. Content comes in pieces as the
   * engine framed them, each valid during the call only.
   */
  async logs(
    name: string,
    { follow }: { readonly follow: boolean },
    onContent: (content: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/containers/${encodeURIComponent(name)}/logs`;
    const query = {
      follow: String(follow),
      stdout: "true",
      stderr: "true",
    };
    const frames = new LogFrames(onContent);
    const call = { method: "GET", path, query, bound: follow ? "none" : "all" } as const;
    await this.#stream(call, signal, (body) => consume(body, (chunk) => frames.push(chunk)));
  }

  /** What happens to containers with these labels, until the connection ends or `signal`. `onOpen`: it listens from here on. */
  async events(
    labels: Readonly<Record<string, string>>,
    onOpen: () => void,
    onEvent: (event: DockerEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const filters = JSON.stringify({ type: ["container"], label: pairsOf(labels) });
    const lines = new JsonLines((value) => onEvent(value as DockerEvent));
    await this.#stream({ method: "GET", path: "/events", query: { filters }, bound: "begin" }, signal, (body) => {
      onOpen();
      return consume(body, (chunk) => lines.push(chunk));
    });
  }

  /** The image's id; `undefined` when the engine does not have it. */
  async imageId(reference: string): Promise<string | undefined> {
    const path = `/images/${reference}/json`;
    const found = await orUndefined(404, this.#json({ method: "GET", path }));
    return found === undefined ? undefined : (found as { Id: string }).Id;
  }

  /** Takes in images from an archive (`docker save`, OCI layout). */
  async loadImage(archive: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#json({ method: "POST", path: "/images/load", stream: archive, timeoutMs: workMs });
  }

  /** One that is used or gone is fine. */
  async removeImage(reference: string): Promise<void> {
    const path = `/images/${reference}`;
    await orUndefined(409, orUndefined(404, this.#json({ method: "DELETE", path, timeoutMs: workMs })));
  }

  /** `undefined` when there is no such network. */
  async network(name: string): Promise<NetworkDetail | undefined> {
    const path = `/networks/${encodeURIComponent(name)}`;
    return (await orUndefined(404, this.#json({ method: "GET", path }))) as NetworkDetail | undefined;
  }

  /** A bridge of its own. One of this name that is there is fine. */
  async createNetwork(name: string, subnet: string, labels: Readonly<Record<string, string>>): Promise<void> {
    const body = { Name: name, Driver: "bridge", IPAM: { Config: [{ Subnet: subnet }] }, Labels: labels };
    await orUndefined(409, this.#json({ method: "POST", path: "/networks/create", body }));
  }

  async removeNetwork(name: string): Promise<void> {
    await orUndefined(404, this.#json({ method: "DELETE", path: `/networks/${encodeURIComponent(name)}` }));
  }

  /** Ends connections, streams included. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #unlessGone(call: Call): Promise<boolean> {
    try {
      await this.#json(call);
      return true;
    } catch (error) {
      // Docker says 409 for one that does not run; Podman 409 or 500 with these words.
      const gone = error instanceof PlatformError && [404, 409].includes(error.status);
      if (gone || /not running|is not paused|container state improper/i.test(messageOf(error))) return false;
      throw error;
    }
  }

  async #json(call: Call): Promise<unknown> {
    const ending = new AbortController();
    const timer = this.#endAfter(call.timeoutMs ?? answerMs, ending);
    try {
      const { statusCode, body } = await this.#request(call, ending.signal);
      const text = await body.text();
      if (statusCode < 200 || statusCode > 299) throw refused(call, statusCode, text);
      return text === "" || call.isText === true ? undefined : JSON.parse(text.trim().split("\n").at(-1) ?? "");
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      throw this.#unreachable(error);
    } finally {
      timer.cancel();
    }
  }

  async #stream(call: StreamCall, signal: AbortSignal, read: (body: Readable) => Promise<void>): Promise<void> {
    const ending = new AbortController();
    const end = (): void => ending.abort(signal.reason);
    const timer = call.bound === "none" ? undefined : this.#endAfter(call.bound === "all" ? workMs : answerMs, ending);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    try {
      const { statusCode, body } = await this.#request(call, ending.signal);
      if (statusCode !== 200) throw refused(call, statusCode, (await body.text()).slice(0, errorBytesMax));
      if (call.bound === "begin") timer?.cancel();
      await read(body);
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      throw this.#unreachable(error);
    } finally {
      timer?.cancel();
      signal.removeEventListener("abort", end);
    }
  }

  #endAfter(ms: number, call: AbortController): Timer {
    return this.#clock.after(ms, () => call.abort(new Error(`no answer within ${ms / 1_000} s`)));
  }

  #request({ method, path, query, body, stream }: Call, signal: AbortSignal): ReturnType<Pool["request"]> {
    const type = stream === undefined ? "application/json" : "application/x-tar";
    return this.#pool.request({
      method,
      path: `${prefix}${path}`,
      ...(query === undefined ? {} : { query }),
      headers: body === undefined && stream === undefined ? {} : { "content-type": type },
      body: stream === undefined ? (body === undefined ? null : JSON.stringify(body)) : (stream as unknown as Readable),
      signal,
    });
  }

  #unreachable(error: unknown): PlatformError {
    const path = this.#socketPath;
    const code = codeOf(error);
    const why =
      code === "ENOENT" ? "there is no socket" : code === "EACCES" ? "it is not ours to use" : messageOf(error);
    return new PlatformError("CONTAINER_ENGINE_UNREACHABLE", `container engine at ${path}: does not answer (${why})`, {
      status: 503,
      cause: error,
      details: { socket: path, code },
      next: `start it: \`podman system service -t 0 unix://${path}\`, or the Docker daemon`,
    });
  }
}

async function consume(body: Readable, take: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of body) take(chunk as Uint8Array);
}

function refused({ method, path }: Call, status: number, text: string): PlatformError {
  let said = text.trim();
  try {
    const { message, cause }: { message?: string; cause?: string } = JSON.parse(text);
    said = message ?? cause ?? said;
  } catch {
    // Not JSON: its own words will do.
  }
  return new PlatformError("CONTAINER_ENGINE_REFUSED", `container engine: ${method} ${path}: ${said}`, {
    status,
    details: { said },
    next: "`holdfast doctor` says what this container engine can do",
  });
}

/** `undefined` in place of a refusal with this status. */
async function orUndefined(status: number, answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PlatformError && error.code === "CONTAINER_ENGINE_REFUSED" && error.status === status) {
      return undefined;
    }
    throw error;
  }
}

function pairsOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}
