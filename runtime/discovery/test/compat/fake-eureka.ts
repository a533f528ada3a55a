import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { gzipSync } from "node:zlib";
import type { Answerer } from "../fake-network.ts";

/** An instance as an Eureka server writes it; made by hand, not by our codec. */
export interface FakeInstance {
  readonly app: string;
  readonly instanceId: string;
  readonly status: string;
  readonly ipAddr?: string;
  readonly port?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly actionType?: string;
  readonly lastDirtyTimestamp?: number;
}

/** A server that speaks Eureka's REST, and nothing of ours: as much of it as a client sees. */
export class FakeEureka {
  readonly context: string;
  readonly instances = new Map<string, FakeInstance>();
  readonly overrides = new Map<string, string>();
  delta: FakeInstance[] = [];
  readonly asked: { readonly line: string; readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  /** Answers this status to everything when set. */
  failing: number | undefined;
  #server: Server | undefined;

  constructor(context = "/eureka") {
    this.context = context;
  }

  async listen(port = 0): Promise<this> {
    this.#server = createServer(async (req, res) => {
      let body = "";
      for await (const chunk of req) body += String(chunk);
      const line = `${req.method} ${req.url}`;
      this.asked.push({ line, headers: req.headers, body });
      const { status, text = "" } = this.answer(req.method ?? "", req.url ?? "", body);
      const packs = text !== "" && String(req.headers["accept-encoding"]).includes("gzip");
      const headers = { "content-type": "application/json", ...(packs ? { "content-encoding": "gzip" } : {}) };
      res.writeHead(status, headers).end(packs ? gzipSync(text) : text);
    });
    const server = this.#server;
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    const bound = this.#server?.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  }

  /** To stand in a fake network. */
  get answerer(): Answerer {
    return ({ method, path, body }) => this.answer(method, path, body ?? "");
  }

  has(...instances: FakeInstance[]): void {
    for (const instance of instances) this.instances.set(`${instance.app}/${instance.instanceId}`, instance);
  }

  /** Changes the registry and says so in the next deltas. */
  changes(...instances: FakeInstance[]): void {
    for (const instance of instances) {
      const key = `${instance.app}/${instance.instanceId}`;
      if (instance.actionType === "DELETED") this.instances.delete(key);
      else this.instances.set(key, instance);
    }
    this.delta.push(...instances);
  }

  answer(method: string, url: string, body: string): { status: number; text?: string } {
    if (this.failing !== undefined) return { status: this.failing };
    const [path = "", query = ""] = url.split("?");
    if (!path.startsWith(`${this.context}/apps`)) return { status: 404, text: '{"status":404,"error":"Not Found"}' };
    const rest = path.slice(`${this.context}/apps`.length).split("/").filter(Boolean).map(decodeURIComponent);
    const [app = "", id = "", action] = rest;
    if (method === "GET" && app === "") return { status: 200, text: this.#document([...this.instances.values()]) };
    if (method === "GET" && app === "delta") return { status: 200, text: this.#document(this.delta) };
    const key = `${app}/${id}`;
    if (method === "POST") return this.#register(app, body);
    const known = this.instances.get(key);
    if (known === undefined) return { status: 404 };
    const value = new URLSearchParams(query).get("value") ?? "";
    if (action === "status" && method === "PUT") {
      this.overrides.set(key, value);
      this.instances.set(key, { ...known, status: value });
    } else if (action === "status") {
      this.overrides.delete(key);
      this.instances.set(key, { ...known, status: value });
    } else if (method === "DELETE") this.instances.delete(key);
    return { status: 200 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** LeaseExistsRule: a client that is UP here does not become OUT_OF_SERVICE by its own word. */
  #register(app: string, body: string): { status: number; text?: string } {
    const { instance } = JSON.parse(body) as { instance: FakeInstance };
    if (instance.app !== app) return { status: 400, text: "Mismatched appName" };
    const key = `${app}/${instance.instanceId}`;
    const known = this.instances.get(key)?.status;
    const isTrusted = instance.status !== "UP" && instance.status !== "OUT_OF_SERVICE";
    const keeps = known === "UP" || known === "OUT_OF_SERVICE" ? known : instance.status;
    this.instances.set(key, { ...instance, status: isTrusted ? instance.status : keeps });
    return { status: 204 };
  }

  #document(instances: readonly FakeInstance[]): string {
    const apps = Map.groupBy(instances, (instance) => instance.app);
    const counts = new Map<string, number>();
    for (const { status } of this.instances.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
    const hashcode = [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([status, count]) => `${status}_${count}_`)
      .join("");
    return JSON.stringify({
      applications: {
        versions__delta: "1",
        apps__hashcode: hashcode,
        application: [...apps].map(([name, list]) => ({ name, instance: list.map(instanceJson) })),
      },
    });
  }
}

function instanceJson(instance: FakeInstance): unknown {
  return {
    instanceId: instance.instanceId,
    hostName: instance.ipAddr ?? "10.0.0.1",
    app: instance.app,
    ipAddr: instance.ipAddr ?? "10.0.0.1",
    status: instance.status,
    overriddenStatus: "UNKNOWN",
    port: typeof instance.port === "object" ? instance.port : { $: instance.port ?? 8080, "@enabled": "true" },
    securePort: { $: 443, "@enabled": "false" },
    countryId: 1,
    dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
    leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90, registrationTimestamp: 1, lastRenewalTimestamp: 1 },
    metadata: instance.metadata ?? { "@class": "java.util.Collections$EmptyMap" },
    vipAddress: instance.app.toLowerCase(),
    isCoordinatingDiscoveryServer: "false",
    lastUpdatedTimestamp: "1700000000000",
    lastDirtyTimestamp: String(instance.lastDirtyTimestamp ?? 1),
    actionType: instance.actionType ?? "ADDED",
  };
}
