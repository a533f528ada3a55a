import { Agent, get } from "node:http";
import { connect } from "node:net";
import { type Clock, codeOf, messageOf } from "@holdfast/kernel";
import { Headers, type HttpAnswer, type LaunchSpec } from "@holdfast/wire";
import type { ProbeResult } from "./health-machine.ts";

/** A look at an instance, and whether it told that it is a server of ours (which registers itself). */
export interface Probe {
  readonly result: ProbeResult;
  /** `undefined` when this look could not tell. */
  readonly selfRegistering: boolean | undefined;
}

type Answer =
  | { readonly kind: "answer"; readonly status: number; readonly instance: string | undefined }
  | { readonly kind: "refused" }
  | { readonly kind: "error"; readonly detail: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "late" };

/** A timer that fires so much after its time means that this process was held up, not the instance. */
const heldUpMs = 500;

/**
 * Looks at instances over the network, from outside: first at our admin port, which tells a server of ours by the
 * instance id in its answer, else at the application's own port.
 */
export class HealthProbe {
  readonly #clock: Clock;
  readonly #admin = new Agent({ keepAlive: true, maxSockets: 2, timeout: 60_000 });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Never throws. `known` is what earlier looks told about who registers the instance. */
  async look(spec: LaunchSpec, known: boolean | undefined): Promise<Probe> {
    if (known === false) return { result: await this.#application(spec), selfRegistering: false };
    const admin = await this.#http(spec, spec.adminPort, "/healthcheck", this.#admin);
    const ours = judgeAdmin(spec, admin);
    if (ours !== undefined) {
      if (ours.kind !== "healthy" || spec.health.kind === "auto") return { result: ours, selfRegistering: true };
      return { result: await this.#application(spec), selfRegistering: true };
    }
    if (known === true) return { result: failure(spec, spec.adminPort, admin), selfRegistering: true };
    return this.#unknownProgram(spec);
  }

  /** One question of somebody else's. `undefined` when this process was held up: nothing can be said then. */
  async ask(spec: LaunchSpec, path: string, timeoutMs: number): Promise<Omit<HttpAnswer, "id"> | undefined> {
    const answer = await this.#http(spec, spec.port, path, false, timeoutMs);
    switch (answer.kind) {
      case "late":
        return undefined;
      case "answer":
        return { status: answer.status, detail: `${path} answers ${answer.status}` };
      case "refused":
        return { status: undefined, detail: `nothing listens on ${spec.address}:${spec.port}` };
      case "timeout":
        return { status: undefined, detail: `${path} does not answer within ${timeoutMs} ms` };
      case "error":
        return { status: undefined, detail: `${path}: ${answer.detail}` };
    }
  }

  close(): void {
    this.#admin.destroy();
  }

  async #unknownProgram(spec: LaunchSpec): Promise<Probe> {
    const result = await this.#application(spec);
    if (result.kind !== "healthy") return { result, selfRegistering: undefined };
    // A server of ours opens its admin port before its own. It may have opened both since we asked for the first.
    const answer = await this.#http(spec, spec.adminPort, "/healthcheck", this.#admin);
    const ours = judgeAdmin(spec, answer);
    if (ours !== undefined) return { result: ours, selfRegistering: true };
    // Only a refusal, or a stranger's answer, proves that there is no admin port: ours may just be slow to answer.
    const foreign = answer.kind === "refused" || answer.kind === "answer";
    return foreign
      ? { result, selfRegistering: false }
      : { result: failure(spec, spec.adminPort, answer), selfRegistering: undefined };
  }

  async #application(spec: LaunchSpec): Promise<ProbeResult> {
    const { path, kind } = spec.health;
    if (kind === "tcp" || path === undefined) return judgeTcp(spec, await this.#tcp(spec));
    // A connection of its own, closed after the answer: a kept one would look like a caller's while draining.
    return judgeHttp(spec, path, await this.#http(spec, spec.port, path, false));
  }

  #http(
    spec: LaunchSpec,
    port: number,
    path: string,
    agent: Agent | false,
    timeoutMs = spec.health.timeoutMs,
  ): Promise<Answer> {
    return this.#bounded(timeoutMs, (settle) => {
      const headers = { host: `${spec.address}:${port}`, "user-agent": "holdfast-agent" };
      const request = get({ host: spec.address, port, path, agent, headers }, (response) => {
        const instance = response.headers[Headers.instance];
        const answer = {
          status: response.statusCode ?? 0,
          instance: typeof instance === "string" ? instance : undefined,
        };
        response.on("error", () => {});
        response.resume();
        response.on("end", () => settle({ kind: "answer", ...answer }));
        response.on("close", () => settle({ kind: "error", detail: "the answer was cut off" }));
      });
      request.on("error", (error) => settle(failed(error)));
      return () => request.destroy();
    });
  }

  #tcp(spec: LaunchSpec): Promise<Answer> {
    return this.#bounded(spec.health.timeoutMs, (settle) => {
      const socket = connect({ host: spec.address, port: spec.port }, () => {
        settle({ kind: "answer", status: 0, instance: undefined });
        socket.destroy();
      });
      socket.on("error", (error) => settle(failed(error)));
      return () => socket.destroy();
    });
  }

  #bounded(timeoutMs: number, start: (settle: (answer: Answer) => void) => () => void): Promise<Answer> {
    return new Promise((resolve) => {
      const startMs = this.#clock.monotonicMs();
      const settle = (answer: Answer): void => {
        timer.cancel();
        resolve(answer);
      };
      const timer = this.#clock.after(timeoutMs, () => {
        const late = this.#clock.monotonicMs() - startMs > timeoutMs + heldUpMs;
        settle(late ? { kind: "late" } : { kind: "timeout" });
        abort();
      });
      const abort = start(settle);
    });
  }
}

function failed(error: Error): Answer {
  return codeOf(error) === "ECONNREFUSED" ? { kind: "refused" } : { kind: "error", detail: messageOf(error) };
}

/** `undefined`: whatever answered there, if anything did, is not the admin port of a server of ours. */
function judgeAdmin(spec: LaunchSpec, answer: Answer): ProbeResult | undefined {
  if (answer.kind === "late") return { kind: "unknown" };
  if (answer.kind !== "answer" || answer.instance === undefined) return undefined;
  const where = `${spec.address}:${spec.adminPort}`;
  if (answer.instance !== spec.id) {
    const detail = `instance ${answer.instance} answers on ${where} in place of ${spec.id}`;
    return { kind: "failed", code: "IDENTITY_MISMATCH", detail };
  }
  if (answer.status === 200) return { kind: "healthy", detail: `healthy on ${where}` };
  if (answer.status === 204) return { kind: "starting", detail: `${spec.service} answers and is still starting` };
  return { kind: "failed", code: "UNHEALTHY", detail: `${spec.service} reports itself unhealthy (${answer.status})` };
}

function judgeHttp(spec: LaunchSpec, path: string, answer: Answer): ProbeResult {
  if (answer.kind !== "answer") return failure(spec, spec.port, answer);
  const where = `http://${spec.address}:${spec.port}${path}`;
  if (answer.status >= 200 && answer.status < 300)
    return { kind: "healthy", detail: `${where} answers ${answer.status}` };
  return { kind: "failed", code: "UNHEALTHY", detail: `${where} answers ${answer.status}` };
}

function judgeTcp(spec: LaunchSpec, answer: Answer): ProbeResult {
  if (answer.kind === "answer")
    return { kind: "healthy", detail: `accepts connections on ${spec.address}:${spec.port}` };
  return failure(spec, spec.port, answer);
}

function failure(spec: LaunchSpec, port: number, answer: Answer): ProbeResult {
  const where = `${spec.address}:${port}`;
  switch (answer.kind) {
    case "late":
      return { kind: "unknown" };
    case "refused":
      return { kind: "failed", code: "UNHEALTHY", detail: `nothing listens on ${where} yet` };
    case "timeout":
      return { kind: "failed", code: "UNHEALTHY", detail: `no answer on ${where} within ${spec.health.timeoutMs} ms` };
    case "error":
      return { kind: "failed", code: "UNHEALTHY", detail: `${where}: ${answer.detail}` };
    case "answer":
      return { kind: "failed", code: "UNHEALTHY", detail: `${where} does not name its instance any more` };
  }
}
