import { PlatformError } from "@holdfast/kernel";
import { type InstanceStatus, RegistryPaths } from "@holdfast/wire";
import {
  decodeApplications,
  type EurekaApplications,
  type EurekaInstance,
  encodeInstance,
} from "@holdfast/wire/eureka";
import { nameOf, type RegistryReply, type RegistryTransport, unreachable } from "../transport.ts";

/** Eureka's own client reads for at most 8 s (`eurekaServer.readTimeout`). */
const readMs = 8_000;
/** An answer that has not begun by then is not waited for. */
const headMs = 3_000;
const writeMs = 3_000;

/** The calls of one Eureka server. Finds out by itself under which path that lives. */
export class EurekaServer {
  readonly #transport: RegistryTransport;
  readonly #base: string;
  readonly #query: string;
  #contexts: readonly string[];

  constructor(transport: RegistryTransport, base: string, regions: readonly string[] = []) {
    this.#transport = transport;
    this.#base = base;
    this.#query = regions.length === 0 ? "" : `?regions=${regions.map(encodeURIComponent).join(",")}`;
    this.#contexts = contextsOf(base);
  }

  /** All instances, or what changed lately. `undefined` when the server offers no delta. */
  async applications(what: "full" | "delta"): Promise<EurekaApplications | undefined> {
    const path = what === "full" ? `apps/${this.#query}` : `apps/delta${this.#query}`;
    const reply = await this.#find("GET", path);
    if (reply.status === 200) return decodeApplications(reply.text, "json");
    if (what === "delta" && (reply.status === 403 || reply.status === 404)) return undefined;
    throw unreachable(this.#base, `answered ${reply.status} to GET ${path}`);
  }

  /** True when it answers readers, which a server that has just started does not. */
  async isServing(): Promise<boolean> {
    const { status } = await this.#find("GET", "apps/delta");
    return status === 200;
  }

  /** The status: 204 when it took the registration. */
  async register(instance: EurekaInstance): Promise<number> {
    const body = encodeInstance(instance, "json", "full");
    return (await this.#find("POST", `apps/${encodeURIComponent(instance.app)}`, body)).status;
  }

  /** The status: 404 when it does not know the instance, or knows an older account of it. */
  heartbeat(app: string, id: string, status: InstanceStatus, lastDirtyTimestamp: number): Promise<number> {
    return this.#write("PUT", app, id, `?status=${status}&lastDirtyTimestamp=${lastDirtyTimestamp}`);
  }

  cancel(app: string, id: string): Promise<number> {
    return this.#write("DELETE", app, id, "");
  }

  override(app: string, id: string, status: InstanceStatus, lastDirtyTimestamp: number): Promise<number> {
    return this.#write("PUT", app, id, `/status?value=${status}&lastDirtyTimestamp=${lastDirtyTimestamp}`);
  }

  clearOverride(app: string, id: string, status: InstanceStatus, lastDirtyTimestamp: number): Promise<number> {
    return this.#write("DELETE", app, id, `/status?value=${status}&lastDirtyTimestamp=${lastDirtyTimestamp}`);
  }

  /** True when the server has our own API beside Eureka's. */
  async isOurs(): Promise<boolean> {
    const call = { base: this.#base, method: "GET", path: RegistryPaths.health, timeoutMs: headMs };
    const { text, contentType } = await this.#transport.call(call);
    return contentType.includes("json") && text.includes('"synced"') && text.includes('"cursor"');
  }

  async #write(method: string, app: string, id: string, rest: string): Promise<number> {
    const path = `apps/${encodeURIComponent(app)}/${encodeURIComponent(id)}${rest}`;
    return (await this.#call(this.#contexts[0] ?? "", method, path)).status;
  }

  /** Tries the paths under which Eureka may live, until one knows the call; remembers which. */
  async #find(method: string, path: string, body?: string): Promise<RegistryReply> {
    for (const context of this.#contexts) {
      const reply = await this.#call(context, method, path, body);
      if (reply.status === 404 && this.#contexts.length > 1) continue;
      if (reply.status === 404 && path !== "apps/delta") break;
      this.#contexts = [context];
      return reply;
    }
    throw new PlatformError(
      "REGISTRY_UNREACHABLE",
      `registry ${nameOf(this.#base)}: is neither ours nor an Eureka server`,
      {
        status: 503,
        next: "correct its URL: http://host:port, …/eureka or …/eureka/v2",
      },
    );
  }

  async #call(context: string, method: string, path: string, body?: string): Promise<RegistryReply> {
    const headers = {
      accept: "application/json",
      "accept-encoding": "gzip",
      "x-eureka-accept": "full",
      "discoveryidentity-name": "HoldfastClient",
    };
    const isRead = method === "GET";
    const timeouts = isRead ? { timeoutMs: readMs, headMs } : { timeoutMs: writeMs };
    const reply = await this.#transport.call({
      base: this.#base,
      method,
      path: `${context}/${path}`,
      headers,
      body,
      ...timeouts,
    });
    // 307: it is not UP and names another one, but the others are tried in our own order.
    const isElsewhere = reply.status >= 300 && reply.status < 400;
    if (reply.status >= 500 || reply.status === 429 || isElsewhere) {
      const isSlow = reply.status === 503 || reply.status === 429;
      throw unreachable(this.#base, `answered ${reply.status} to ${method} ${path}`, { isSlow });
    }
    return reply;
  }
}

/**
 * Where Eureka may live on a host: as the base says; else as Spring Cloud has it, as Netflix's own web application has it,
 * and as that is when it is the root.
 */
function contextsOf(base: string): readonly string[] {
  const path = new URL(base).pathname.replace(/\/+$/, "");
  if (path === "") return ["/eureka", "/eureka/v2", "/v2"];
  return path === "/eureka" ? ["/eureka", "/eureka/v2"] : [path];
}
