import { Agent, type IncomingMessage, request } from "node:http";
import { backoffMs, type Clock, codeOf, messageOf, PlatformError, type Timer } from "@holdfast/kernel";
import { errorFromProblem, type InstanceObservation, SseDecoder } from "@holdfast/wire";
import { AgentPaths, agentEvents, agentHeartbeatMs } from "../agent/agent-paths.ts";

export interface AgentCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Ms until the agent counts as unreachable. */
  readonly timeoutMs: number;
}

/** First delay 100 ms (an agent is restarted within a quarter of a second), never more than 2 s: it is the same machine. */
const reconnect = { initialMs: 100, maxMs: 2_000, factor: 2 } as const;
const silenceMs = 2 * agentHeartbeatMs + 1_000;
const answerBytesMax = 64 * 1024 * 1024;

/** The connection to one zone's agent: calls over kept-alive connections, and one event stream. */
export class AgentLink {
  readonly zone: string;
  readonly #clock: Clock;
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 2 });

  constructor(clock: Clock, zone: string, socketPath: string) {
    this.#clock = clock;
    this.zone = zone;
    this.#socketPath = socketPath;
  }

  /**
   * One call; returns the body of a 2xx answer.
   *
   * @throws PlatformError `AGENT_UNREACHABLE` (503) without an answer in time, else the agent's own problem by its code.
   */
  async call(call: AgentCall): Promise<unknown> {
    const { status, text } = await this.#exchange(call).catch((error: unknown) => {
      // A kept connection whose agent has ended since says nothing about its successor; every call is idempotent.
      if (error instanceof StaleConnection) return this.#exchange(call, false);
      throw error;
    });
    const body = parse(text);
    if (status >= 200 && status < 300) return body;
    throw errorFromProblem(body, status);
  }

  /**
   * Calls `onObservation` for every instance at first, then for each change, until `signal` aborts. A stream that ends,
   * fails or goes silent is opened again after a growing delay, and begins with every instance again; `onBreak` is called once
   * for each that had been heard of.
   */
  async watch(
    onObservation: (observation: InstanceObservation) => void,
    signal: AbortSignal,
    onBreak: () => void = () => {},
  ): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const heard = await this.#stream(onObservation, signal);
      if (heard && !signal.aborted) onBreak();
      failures = heard ? 1 : failures + 1;
      try {
        await this.#clock.sleep(backoffMs(failures, reconnect), signal);
      } catch {
        return;
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(
    call: AgentCall,
    agent: Agent | false = this.#agent,
  ): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const body = call.body === undefined ? undefined : JSON.stringify(call.body);
      const headers = { ...call.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) };
      const { method, path } = call;
      let timedOut = false;
      const fail = (error: unknown): void => {
        timer.cancel();
        reject(outgoing.reusedSocket && !timedOut ? new StaleConnection() : this.#unreachable(error));
      };
      const outgoing = request({ socketPath: this.#socketPath, method, path, headers, agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", fail);
        answer.on("end", () => {
          timer.cancel();
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      });
      const timer = this.#clock.after(call.timeoutMs, () => {
        timedOut = true;
        outgoing.destroy(new Error(`no answer within ${call.timeoutMs} ms`));
      });
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }

  /** Resolves when the stream has ended, for whatever reason; true when anything was heard on it. */
  #stream(onObservation: (observation: InstanceObservation) => void, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let heard = false;
      let silence: Timer | undefined;
      const done = (): void => {
        silence?.cancel();
        signal.removeEventListener("abort", abort);
        outgoing.destroy();
        resolve(heard);
      };
      const alive = (): void => {
        silence?.cancel();
        silence = this.#clock.after(silenceMs, done);
      };
      const abort = (): void => done();
      const path = AgentPaths.events;
      const outgoing = request({ socketPath: this.#socketPath, path, agent: false }, (answer: IncomingMessage) => {
        if (answer.statusCode !== 200) return done();
        const decoder = new SseDecoder(({ event, data }) => {
          const said: unknown = JSON.parse(data);
          const all = event === agentEvents.snapshot ? (said as InstanceObservation[]) : [said as InstanceObservation];
          for (const observation of all) if (!signal.aborted) onObservation(observation);
        }, answerBytesMax);
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          heard = true;
          alive();
          decoder.push(chunk);
        });
        answer.on("error", done);
        answer.on("close", done);
      });
      alive();
      outgoing.on("error", done);
      signal.addEventListener("abort", abort, { once: true });
      outgoing.end();
    });
  }

  #unreachable(error: unknown): PlatformError {
    const { zone } = this;
    return new PlatformError("AGENT_UNREACHABLE", `agent ${zone}: does not answer (${messageOf(error)})`, {
      status: 503,
      cause: error,
      details: { zone, code: codeOf(error) },
      next: "`holdfast up` restarts agents by itself; its log says why this one ended",
    });
  }
}

/** A kept connection broke before an answer came. */
class StaleConnection extends Error {}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
