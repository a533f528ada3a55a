import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, type InstanceId, type Log, PlatformError, parseInstanceId } from "@holdfast/kernel";
import { prometheusContentType, prometheusText } from "@holdfast/metrics";
import {
  type EngineSignal,
  encodeSse,
  engineSignals,
  Headers,
  type HttpQuestion,
  problemContentType,
  problemFrom,
  sseHeartbeat,
} from "@holdfast/wire";
import type { ZoneAgent } from "./agent.ts";
import { AgentPaths, agentEvents, agentHeartbeatMs } from "./agent-paths.ts";
import { parseLaunchSpec } from "./launch-spec.ts";

const bodyBytesMax = 1024 * 1024;
/** A reader this far behind has its stream ended; it comes back for a snapshot. */
const backlogBytesMax = 1024 * 1024;
/** A zone has fewer instances than that. */
const questionsMax = 1_000;
const graceMsDefault = 15_000;

/** The agent's HTTP API as a `(req, res)` function. `onShutdown` is called after a shutdown has been answered. */
export class AgentApi {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #agent: ZoneAgent;
  readonly #onShutdown: () => void;

  constructor(clock: Clock, log: Log, agent: ZoneAgent, onShutdown: () => void) {
    this.#clock = clock;
    this.#log = log;
    this.#agent = agent;
    this.#onShutdown = onShutdown;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#route(request, response).catch((error) => {
      if (!(error instanceof PlatformError)) this.#log.error("agent.api.failed", { url: request.url, error });
      if (response.headersSent) return void response.destroy();
      const answer = problemFrom(error);
      response.writeHead(answer.status, { "content-type": problemContentType }).end(JSON.stringify(answer));
    });
  };

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://agent");
    const path = url.pathname;
    const one = /^\/v1\/instances\/([^/]+)(\/signal)?$/.exec(path);
    switch (`${request.method} ${one === null ? path : `one${one[2] ?? ""}`}`) {
      case `GET ${AgentPaths.health}`:
        return json(response, 200, this.#agent.health);
      case `GET ${AgentPaths.metrics}`:
        return this.#meters(response);
      case `GET ${AgentPaths.instances}`:
        return json(response, 200, { instances: this.#agent.list() });
      case `POST ${AgentPaths.usage}`:
        return this.#usage(request, response);
      case `POST ${AgentPaths.questions}`:
        return this.#ask(request, response);
      case `GET ${AgentPaths.events}`:
        return this.#events(request, response);
      case `POST ${AgentPaths.instances}`:
        return this.#launch(request, response);
      case "DELETE one":
        return this.#terminate(request, response, idOf(one?.[1]), url.searchParams.get("cause") ?? "no cause given");
      case "POST one/signal":
        return this.#signal(request, response, idOf(one?.[1]));
      case `POST ${AgentPaths.shutdown}`:
        return this.#shutdown(request, response);
      default:
        throw new PlatformError("ROUTE_UNKNOWN", `${request.method} ${path}: no such route`, { status: 404 });
    }
  }

  async #launch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const spec = parseLaunchSpec(await readJson(request));
    this.#fence(request);
    json(response, 200, await this.#agent.launch(spec));
  }

  #terminate(request: IncomingMessage, response: ServerResponse, id: InstanceId, cause: string): void {
    this.#fence(request);
    const order = this.#agent.terminate(id, cause);
    json(response, order === undefined ? 200 : 202, { known: order !== undefined });
  }

  async #signal(request: IncomingMessage, response: ServerResponse, id: InstanceId): Promise<void> {
    const body = fieldsOf(await readJson(request));
    const { signal, cause } = body;
    if (!isEngineSignal(signal)) {
      const next = `use one of ${engineSignals.join(", ")}`;
      throw new PlatformError("SIGNAL_UNKNOWN", `${id}: signal ${String(signal)} is not known`, { status: 400, next });
    }
    this.#fence(request);
    json(response, 200, { sent: this.#agent.signal(id, signal, typeof cause === "string" ? cause : "no cause given") });
  }

  /** Changes nothing, so it needs no epoch. */
  async #ask(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { questions } = fieldsOf(await readJson(request));
    const asked = Array.isArray(questions) ? questions.filter((one) => isQuestion(one)) : [];
    json(response, 200, { answers: await this.#agent.ask(asked.slice(0, questionsMax)) });
  }

  async #usage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { instances } = fieldsOf(await readJson(request));
    const asked = Array.isArray(instances) ? instances.filter((id) => typeof id === "string") : [];
    json(response, 200, { uses: await this.#agent.uses(asked.slice(0, questionsMax) as InstanceId[]) });
  }

  async #meters(response: ServerResponse): Promise<void> {
    const text = prometheusText(await this.#agent.meters());
    response.writeHead(200, { "content-type": prometheusContentType }).end(text);
  }

  async #shutdown(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { graceMs } = fieldsOf(await readJson(request));
    // A person who takes the stack down has no epoch; a controller that has one is still held to it.
    if (request.headers[Headers.epoch] !== undefined) this.#fence(request);
    const answer = await this.#agent.shutdown(typeof graceMs === "number" && graceMs >= 0 ? graceMs : graceMsDefault);
    response.setHeader("connection", "close");
    json(response, 200, answer);
    response.once("close", this.#onShutdown);
  }

  #events(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const send = (text: string): void => {
      response.write(text);
      if (response.writableLength > backlogBytesMax) response.destroy();
    };
    send(encodeSse({ event: agentEvents.snapshot, data: JSON.stringify(this.#agent.list()) }));
    const unsubscribe = this.#agent.subscribe((observation) => {
      send(encodeSse({ event: agentEvents.instance, data: JSON.stringify(observation) }));
    });
    const heartbeat = this.#clock.every(agentHeartbeatMs, () => send(sseHeartbeat));
    request.on("error", () => {});
    response.on("error", () => {});
    response.once("close", () => {
      heartbeat.cancel();
      unsubscribe();
    });
  }

  #fence(request: IncomingMessage): void {
    const text = request.headers[Headers.epoch];
    const epoch = typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    if (epoch === undefined) {
      const next = "send the controller's epoch, a whole number";
      throw new PlatformError("EPOCH_MISSING", `${Headers.epoch}: is missing`, { status: 400, next });
    }
    this.#agent.acceptEpoch(epoch);
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) {
      throw new PlatformError("BODY_TOO_LARGE", `body: is over ${bodyBytesMax} bytes`, { status: 413 });
    }
    chunks.push(chunk);
  }
  try {
    return bytes === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new PlatformError("BODY_INVALID", "body: is not JSON", { status: 400, cause: error });
  }
}

function idOf(text: string | undefined): InstanceId {
  const id = parseInstanceId(decodeURIComponent(text ?? ""));
  if (id === undefined) throw new PlatformError("ID_INVALID", `${text}: is not an instance id`, { status: 400 });
  return id;
}

function isEngineSignal(value: unknown): value is EngineSignal {
  return engineSignals.some((signal) => signal === value);
}

function isQuestion(value: unknown): value is HttpQuestion {
  const { id, path, timeoutMs } = fieldsOf(value);
  const isPath = typeof path === "string" && /^\/[^\s]*$/.test(path);
  return typeof id === "string" && isPath && typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= 120_000;
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
}
