import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { problem } from "@holdfast/wire";
import type {
  ActivityView,
  ControlEvent,
  HostStateRequest,
  InstanceView,
  OperationView,
  StatusView,
} from "@holdfast/wire/control";
import { fakeCapacity } from "./fake-capacity.ts";
import { FakeConfig } from "./fake-config.ts";
import { FakeDiscovery } from "./fake-discovery.ts";
import { FakeFaults } from "./fake-faults.ts";
import { fakeGroups } from "./fake-groups.ts";
import { fakeResilience } from "./fake-resilience.ts";
import { FakeTraces } from "./fake-traces.ts";
import { fakeActivities, fakeInstances, fakeMetrics, fakeStatus, replacementFor } from "./fake-world.ts";

/** A call that changed something, as the page made it. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * Control's API in the small, with the console's files, for tests and for drawing pages without a stack. It keeps no
 * promise of the real one: killing only rewrites a list.
 */
export class FakeControl {
  readonly calls: RecordedCall[] = [];
  status: StatusView = fakeStatus();
  instances: readonly InstanceView[] = fakeInstances();
  activities: readonly ActivityView[] = fakeActivities();
  readonly discovery = new FakeDiscovery(() => this.instances);
  readonly config = new FakeConfig(() => this.instances);
  resilience = () => fakeResilience(this.instances);
  readonly traces = new FakeTraces();
  readonly faults = new FakeFaults();
  groups = () => fakeGroups(this.instances);
  capacity = () => fakeCapacity(this.instances);
  /** When false every API call is answered 401. */
  signedIn = true;
  /** When set, changes are refused with this problem, as the real control does with a full disk. */
  readOnly = false;
  /** When set, connections stay open and nothing is answered, as with a stopped process. */
  silent = false;
  readonly #files: string;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #operations = new Map<string, OperationView>();

  private constructor(files: string) {
    this.#files = files;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  /** Serves the console built in `files` on a free port of 127.0.0.1, or on `port`. */
  static async start(files: string, port = 0): Promise<FakeControl> {
    const control = new FakeControl(files);
    await control.listen(port);
    return control;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => resolve());
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  push(event: ControlEvent): void {
    const text = `event: ${event.topic}\ndata: ${JSON.stringify(event.data)}\n\n`;
    for (const stream of this.#streams) stream.write(text);
  }

  pushAll(): void {
    this.push({ topic: "status", data: this.status });
    this.push({ topic: "instances", data: this.instances });
    this.push({ topic: "activities", data: this.activities });
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.silent) return;
    const url = new URL(request.url ?? "/", "http://control");
    if (!url.pathname.startsWith("/v1/")) return this.#file(url.pathname, response);
    if (!this.signedIn) return refuse(response, 401, "UNAUTHENTICATED", "no session", "npx holdfast open");
    if (request.method === "GET") return this.#read(url, response);
    const body = await bodyOf(request);
    this.calls.push({ method: request.method ?? "", path: url.pathname, body });
    if (this.readOnly) {
      return refuse(response, 503, "STATE_READ_ONLY", "control: state cannot be written", "Free space on the disk.");
    }
    this.#change(url.pathname, body, response);
  }

  #read(url: URL, response: ServerResponse): void {
    const { pathname } = url;
    const [, , kind, name = "", part] = pathname.split("/");
    if (pathname === "/v1/events") return this.#stream(response);
    if (pathname === "/v1/status") return answer(response, 200, this.status);
    if (pathname === "/v1/instances") return answer(response, 200, this.instances);
    if (pathname === "/v1/activities") return answer(response, 200, this.activities);
    if (pathname === "/v1/resilience") return answer(response, 200, this.resilience());
    if (pathname === "/v1/capacity") return answer(response, 200, this.capacity());
    if (pathname === "/v1/groups") return answer(response, 200, this.groups());
    if (pathname === "/v1/faults") return answer(response, 200, this.faults.view());
    if (kind === "traces") return this.#traced(url, response);
    if (kind === "discovery") return this.#discover(url, response);
    if (kind === "config") return this.#readConfig(name, url, response);
    if (kind === "services" && part === "metrics") return answer(response, 200, fakeMetrics());
    if (kind === "operations" && this.#operations.has(name)) return answer(response, 200, this.#step(name));
    refuse(response, 404, "NOT_FOUND", `${pathname}: no such thing`);
  }

  #traced({ pathname, searchParams }: URL, response: ServerResponse): void {
    const [, , , id, part] = pathname.split("/");
    if (id === undefined) return answer(response, 200, this.traces.list(searchParams));
    const found = this.traces.one(id);
    if (found === undefined) return refuse(response, 404, "TRACE_UNKNOWN", `${id}: no trace of that id is kept`);
    answer(response, 200, part === "logs" ? this.traces.logs() : found);
  }

  #readConfig(what: string, { searchParams }: URL, response: ServerResponse): void {
    const key = searchParams.get("key") ?? "";
    if (what === "properties") return answer(response, 200, this.config.view());
    if (what === "changes") return answer(response, 200, this.config.history(key));
    if (what === "stages") return answer(response, 200, this.config.stages);
    if (what === "instances") return answer(response, 200, this.config.listeners());
    if (what === "explain") return answer(response, 200, this.config.explain(key, searchParams.get("instance") ?? ""));
    if (what === "diff") return answer(response, 200, this.config.changes[2]?.edits ?? []);
    refuse(response, 404, "NOT_FOUND", `${what}: no such thing`);
  }

  #changeConfig(what: string, id: string, verb: string, body: unknown, response: ServerResponse): void {
    const given = body as { edits?: Parameters<FakeConfig["set"]>[0]; reason: string; undo?: number; to?: number };
    if (what === "changes") return answer(response, 200, this.config.set(given.edits ?? [], given.reason));
    if (what === "rollback") {
      const words = given.undo === undefined ? `back to revision ${given.to}` : `undid revision ${given.undo}`;
      return answer(response, 200, this.config.rollback(given.reason, words));
    }
    if (what === "stages" && id === "") return answer(response, 201, this.config.stages[0]);
    if (verb === "revert") return answer(response, 200, this.config.end(id, "reverted", given.reason));
    answer(response, 200, this.config.end(id, "running", given.reason));
  }

  #discover({ pathname, searchParams }: URL, response: ServerResponse): void {
    const [, , , what, app = "", id = ""] = pathname.split("/").map(decodeURIComponent);
    const [at, of] = [searchParams.get("at"), searchParams.get("app") ?? undefined];
    if (at !== null && Date.parse(at) < this.discovery.oldestMs) {
      return refuse(response, 410, "HISTORY_GONE", "registry: that moment is not in this peer's history");
    }
    if (what === undefined) return answer(response, 200, this.discovery.view(at));
    if (what === "events") {
      const registry = searchParams.get("registry") ?? "";
      if (!this.discovery.lost.has(registry)) return answer(response, 200, this.discovery.events(of));
      return refuse(response, 503, "REGISTRY_UNREACHABLE", `${registry} does not answer: no answer within 1 s`);
    }
    if (app === "") return answer(response, 200, this.discovery.list(of, at));
    const why = this.discovery.why(app, id);
    if (why !== undefined) return answer(response, 200, why);
    refuse(response, 404, "INSTANCE_UNKNOWN", `${app}/${id} is not known at local-1a: it never registered here`);
  }

  #override(app: string, id: string, body: unknown, response: ServerResponse): void {
    const given = (body ?? {}) as { readonly status?: "OUT_OF_SERVICE"; readonly reason?: string };
    const { status, reason } = given;
    const key = `${app}/${id}`;
    if (status === undefined || reason === undefined) this.discovery.overrides.delete(key);
    else
      this.discovery.overrides.set(key, { app, id: id, status, reason, by: "operator", at: new Date().toISOString() });
    response.writeHead(204).end();
  }

  #change(path: string, body: unknown, response: ServerResponse): void {
    const [, , kind, name = "", verb = "", last = ""] = path.split("/").map(decodeURIComponent);
    if (kind === "config") return this.#changeConfig(name, verb, last, body, response);
    if (kind === "discovery" && name === "overrides") return this.#override(verb, last, body, response);
    if (kind === "hosts") {
      const host = this.capacity().hosts.find((one) => one.name === name);
      const { state } = body as HostStateRequest;
      return answer(response, 200, { host: { ...host, state }, leaving: host?.tasks.length ?? 0 });
    }
    if (kind === "groups") return answer(response, 202, this.#begin({ kind: "resize", service: name, total: 1 }));
    if (kind === "faults" && name === "") return answer(response, 201, this.faults.add(body));
    if (kind === "faults") {
      this.faults.end(name);
      return void response.writeHead(204).end();
    }
    const service = this.status.services.find((one) => one.name === name);
    if (kind === "instances" && verb === "kill") return this.#kill(name, response);
    if (kind !== "services" || service === undefined) {
      return refuse(response, 404, "SERVICE_UNKNOWN", `${name}: no such service`, "npx holdfast status");
    }
    const desired = typeof body === "object" && body !== null && "desired" in body ? Number(body.desired) : undefined;
    const kindOf = verb === "scale" ? "scale" : "restart";
    const operation = this.#begin({ kind: kindOf, service: name, total: desired ?? service.desired });
    answer(response, 202, operation);
  }

  #begin(of: Pick<OperationView, "kind" | "service" | "total">): OperationView {
    const operation: OperationView = {
      id: `op-${this.#operations.size + 1}`,
      state: "running",
      detail: "",
      done: 0,
      startedAt: new Date().toISOString(),
      endedAt: null,
      ...of,
    };
    this.#operations.set(operation.id, operation);
    return operation;
  }

  #kill(id: string, response: ServerResponse): void {
    const victim = this.instances.find((instance) => instance.id === id);
    if (victim === undefined) return refuse(response, 404, "INSTANCE_UNKNOWN", `${id}: no such instance`);
    const { replacement, activities } = replacementFor(victim, this.activities);
    this.instances = [...this.instances.filter((instance) => instance !== victim), replacement];
    this.activities = [...activities, ...this.activities];
    answer(response, 202, {});
    this.pushAll();
  }

  #step(id: string): OperationView | undefined {
    const operation = this.#operations.get(id);
    if (operation === undefined) return undefined;
    const done = Math.min(operation.total, operation.done + 1);
    const next: OperationView = { ...operation, done, state: done === operation.total ? "succeeded" : "running" };
    this.#operations.set(id, next);
    return next;
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(":\n\n");
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
    response.write(`event: status\ndata: ${JSON.stringify(this.status)}\n\n`);
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const name = extname(path) === "" ? "index.html" : normalize(path);
    const file = join(this.#files, name);
    const content = await readFile(file).catch(() => undefined);
    if (content === undefined) return refuse(response, 404, "NOT_FOUND", `${path}: no such file`);
    response.writeHead(200, { "content-type": contentTypes[extname(name)] ?? "application/octet-stream" });
    response.end(content);
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return text === "" ? undefined : JSON.parse(text);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, detail: string, next?: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify(problem(status, code, detail, { next })));
}
