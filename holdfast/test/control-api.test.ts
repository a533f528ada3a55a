import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { SqliteStore } from "@holdfast/cloud-server";
import { SqliteConfigStore } from "@holdfast/config-server";
import { HookFaults, ProcessEngine, type RunningAgent, runAgent, shutDownAgent } from "@holdfast/engine-process";
import { makeZones, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { temporaryDirectory, waitFor } from "@holdfast/testing";
import { SseDecoder } from "@holdfast/wire";
import type {
  ActivityView,
  AutoscaleView,
  InstanceView,
  LogLine,
  OperationView,
  ServerGroupView,
  StatusView,
} from "@holdfast/wire/control";
import { type RunningControl, startControl } from "../src/control/control.ts";
import type { ControlSettings } from "../src/control/settings.ts";

const faultHook = join(import.meta.dirname, "../../engines/process/src/loopback/main.ts");
const clock = new SystemClock();
// Anything that listens where it is told; stands for registry, gateway, balancer and the application alike.
const program = `
  const { HOST, PORT, HOLDFAST_SERVICE } = process.env;
  require("node:http").createServer((q, s) => s.end("ok")).listen(Number(PORT), HOST, () => console.log(HOLDFAST_SERVICE + " listens"));
  process.on("SIGTERM", () => process.exit(0));
`;

/** Control with a real agent of one zone and real processes, in this process. */
class Fixture {
  readonly directory = temporaryDirectory("control");
  readonly zones = makeZones(1, 1);
  readonly settings: ControlSettings;
  readonly portBase = 20_000 + Math.floor(Math.random() * 8) * 1_000;
  control: RunningControl | undefined;
  #agent: RunningAgent | undefined;

  constructor() {
    const { path } = this.directory;
    for (const name of ["state", "image", "console/assets"]) mkdirSync(join(path, name), { recursive: true });
    writeFileSync(join(path, "image/program.cjs"), program);
    writeFileSync(join(path, "console/index.html"), "<title>Holdfast</title>");
    writeFileSync(join(path, "console/assets/main-1.js"), "export {};");
    const bundle = join(path, "image/program.cjs");
    this.settings = {
      stateDirectory: join(path, "state"),
      runDirectory: path,
      zones: this.zones,
      agentSockets: { "local-1a": join(path, "agent.sock") },
      ports: { edge: 0, console: 0, registry: 0, otlp: 0 },
      portBase: this.portBase,
      bundles: { registry: bundle, gateway: bundle, balancer: bundle, sidecar: bundle, faultHook },
      mode: "loopback",
      version: "0.1.0",
    };
  }

  async startAgent(): Promise<void> {
    const { path } = this.directory;
    const [zone] = this.zones;
    assert.ok(zone);
    this.#agent = await runAgent(clock, systemRandom(), silentLog, {
      zone,
      socket: join(path, "agent.sock"),
      stateFile: join(path, "agent.json"),
      pidFile: join(path, "agent.pid"),
      logDirectory: join(path, "logs"),
      registries: [`http://127.1.1.1:${this.portBase}`],
    });
  }

  async startControl(): Promise<void> {
    this.control = await startControl(
      {
        clock,
        random: systemRandom(),
        log: silentLog,
        store: new SqliteStore(clock, join(this.settings.stateDirectory, "state.db")),
        configStore: new SqliteConfigStore(clock, join(this.settings.stateDirectory, "config.db")),
        engine: (epoch) => new ProcessEngine(clock, silentLog, { sockets: this.settings.agentSockets, epoch }),
        metrics: () => ({ lastMinute: () => undefined, history: () => [] }),
        faults: async () => new HookFaults(clock, join(this.directory.path, "faults.json"), () => ({})),
        consoleDirectory: join(this.directory.path, "console"),
      },
      this.settings,
    );
  }

  get base(): string {
    return `http://127.0.0.1:${this.control?.port}`;
  }

  get token(): string {
    return readFileSync(join(this.settings.stateDirectory, "token"), "utf8").trim();
  }

  call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.token}`);
    return fetch(`${this.base}${path}`, { ...init, headers, signal: AbortSignal.timeout(5_000) });
  }

  send(method: string, path: string, body?: unknown): Promise<Response> {
    if (body === undefined) return this.call(path, { method });
    return this.call(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  }

  async json<T>(path: string): Promise<T> {
    return (await (await this.call(path)).json()) as T;
  }

  async deploy(run = "node program.cjs"): Promise<Response> {
    const application = { name: "small", services: { hello: { run, scale: { min: 1, max: 3 } } } };
    return this.send("PUT", "/v1/applications/small", {
      application,
      images: { hello: join(this.directory.path, "image") },
    });
  }

  hello(): Promise<InstanceView[]> {
    return this.json<InstanceView[]>("/v1/instances").then((all) => all.filter((item) => item.name === "hello"));
  }

  async close(): Promise<void> {
    await this.control?.close();
    await shutDownAgent(clock, "local-1a", this.settings.agentSockets["local-1a"] ?? "", 2_000);
    await this.#agent?.close();
    this.directory[Symbol.dispose]();
  }
}

suite("control's API over a real agent", () => {
  const world = new Fixture();
  before(async () => {
    await world.startAgent();
    await world.startControl();
    assert.equal((await world.deploy()).status, 202);
    await waitFor("all healthy", async () => (await world.json<StatusView>("/v1/status")).verdict === "healthy");
  });
  after(() => world.close());

  test("the status is one sentence, and names where everything is", async () => {
    const status = await world.json<StatusView>("/v1/status");
    assert.equal(status.application, "small");
    assert.equal(status.sentence, "The 1 service is healthy in 1 zone");
    assert.deepEqual(
      status.services.map((service) => `${service.name} ${service.up}/${service.desired}`),
      ["hello 1/1", "gateway 1/1", "balancer 2/2", "registry 1/1"],
    );
    assert.equal(status.state, "writable");
  });

  test("ps lists every instance with its address, control itself last", async () => {
    const all = await world.json<InstanceView[]>("/v1/instances");
    assert.equal(all.at(-1)?.kind, "control");
    const registry = all.find((instance) => instance.name === "registry");
    assert.equal(`${registry?.address}:${registry?.port}`, `127.1.1.1:${world.portBase}`);
    assert.ok(all.every((instance) => instance.status === "up" && instance.pid !== null));
  });

  test("without the token, with a foreign Host or Origin, nobody gets in", async () => {
    const bare = await fetch(`${world.base}/v1/status`);
    assert.equal(bare.status, 401);
    assert.equal(bare.headers.get("content-type"), "application/problem+json");
    assert.equal(((await bare.json()) as { code: string }).code, "UNAUTHENTICATED");
    const origin = await world.call("/v1/status", { headers: { origin: "http://evil.example" } });
    assert.equal(origin.status, 403);
    const host = await new Promise<number>((resolve, reject) => {
      const options = { port: world.control?.port, path: "/healthz", headers: { host: "evil.example" } };
      request(options, (response) => resolve(response.resume().statusCode ?? 0))
        .on("error", reject)
        .end();
    });
    assert.equal(host, 421);
    assert.equal((await fetch(`${world.base}/healthz`)).status, 200);
  });

  test("a login link is good for one session", async () => {
    const { code } = (await (await world.send("POST", "/v1/session/codes")).json()) as { code: string };
    const login = await fetch(`${world.base}/login?code=${code}`, { redirect: "manual" });
    assert.equal(login.status, 303);
    const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
    assert.equal((await fetch(`${world.base}/v1/status`, { headers: { cookie } })).status, 200);
    assert.equal((await fetch(`${world.base}/v1/session/codes`, { method: "POST", headers: { cookie } })).status, 401);
    const again = await fetch(`${world.base}/login?code=${code}`, { redirect: "manual" });
    assert.equal(again.status, 401);
    const refused = await fetch(`${world.base}/v1/session`, {
      method: "POST",
      body: JSON.stringify({ code }),
      headers: { "content-type": "application/json" },
    });
    assert.equal(((await refused.json()) as { code: string }).code, "CODE_REFUSED");
  });

  test("the console's files need no token, every page of it is its page, and nothing else is served", async () => {
    const page = { headers: { accept: "text/html" } };
    for (const path of ["/", "/instances", "/services/hello"]) {
      const answer = await fetch(`${world.base}${path}`, page);
      assert.match(await answer.text(), /<title>Holdfast/);
      assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'self'/);
    }
    const asset = await fetch(`${world.base}/assets/main-1.js`);
    assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
    assert.equal((await fetch(`${world.base}/../state/token`)).status, 404);
    assert.equal((await fetch(`${world.base}/%2e%2e/state/token`)).status, 404);
    assert.equal((await fetch(`${world.base}/absent.js`)).status, 404);
  });

  test("bad requests are told all their faults at once, with codes", async () => {
    const problemOf = async (
      answer: Response,
    ): Promise<{ code: string; status: number; errors?: { path: string }[] }> =>
      (await answer.json()) as { code: string; status: number };
    const scale = await problemOf(await world.send("POST", "/v1/services/hello/scale", { desired: -1, extra: 1 }));
    assert.equal(scale.code, "REQUEST_INVALID");
    assert.deepEqual(scale.errors?.map((error) => error.path).toSorted(), ["body.desired", "body.extra"]);
    const range = await problemOf(await world.send("POST", "/v1/services/hello/scale", { desired: 9 }));
    assert.equal(range.code, "SCALE_OUT_OF_RANGE");
    assert.equal((await problemOf(await world.send("POST", "/v1/services/nobody/restart"))).code, "SERVICE_UNKNOWN");
    assert.equal((await problemOf(await world.send("POST", "/v1/instances/i-0/kill", {}))).code, "INSTANCE_UNKNOWN");
    assert.equal((await problemOf(await world.call("/v1/operations/op-0"))).code, "OPERATION_UNKNOWN");
    assert.equal((await problemOf(await world.call("/v1/nothing"))).code, "NOT_FOUND");
    assert.equal((await problemOf(await world.call("/v1/activities?limit=many"))).code, "REQUEST_INVALID");
    const json = { method: "POST", body: "{", headers: { "content-type": "application/json" } };
    assert.equal((await problemOf(await world.call("/v1/services/hello/scale", json))).code, "REQUEST_INVALID");
    const long = { ...json, body: JSON.stringify({ x: "x".repeat(1_100_000) }) };
    assert.equal((await problemOf(await world.call("/v1/services/hello/scale", long))).code, "BODY_TOO_LARGE");
    const xml = { method: "POST", body: "<x/>", headers: { "content-type": "text/xml" } };
    assert.equal((await problemOf(await world.call("/v1/services/hello/scale", xml))).code, "CONTENT_TYPE_UNSUPPORTED");
    const images = { application: { services: { a: { run: "x" } } }, images: { a: "/no/such/dir" } };
    assert.equal((await problemOf(await world.send("PUT", "/v1/applications/other", images))).code, "IMAGE_MISSING");
  });

  test("a killed instance is replaced, and the live stream tells of it", async () => {
    const [victim] = await world.hello();
    assert.ok(victim);
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${world.token}` };
    const stream = await fetch(`${world.base}/v1/events?topics=instances,activities`, { headers, signal: stop.signal });
    const seen: { event: string; data: unknown }[] = [];
    const decoder = new SseDecoder(({ event, data }) => seen.push({ event, data: JSON.parse(data) }));
    const reading = (async () => {
      const text = stream.body?.pipeThrough(new TextDecoderStream());
      for await (const chunk of text ?? []) decoder.push(chunk);
    })().catch(() => {});
    await waitFor("the first views", () => seen.length === 2);
    assert.equal((await world.send("POST", `/v1/instances/${victim.id}/kill`, {})).status, 202);
    await waitFor("the replacement in the stream", () =>
      seen.some(({ event, data }) => {
        const mine = event === "instances" ? (data as InstanceView[]).filter((item) => item.name === "hello") : [];
        return mine.length === 1 && mine[0]?.id !== victim.id && mine[0]?.status === "up";
      }),
    );
    assert.ok(seen.every(({ event }) => event !== "status"));
    stop.abort();
    await reading;
    const activities = await world.json<ActivityView[]>("/v1/activities?limit=10");
    const replace = activities.find((activity) => activity.kind === "replace" && activity.service === "hello");
    assert.equal(replace?.cause, `${victim.id} was killed by the operator`);
    assert.ok(activities.some((activity) => activity.kind === "kill" && activity.actor === "operator"));
  });

  test("a rolling restart is an operation that ends, and is in the diary", async () => {
    const [before] = await world.hello();
    const operation = (await (await world.send("POST", "/v1/services/hello/restart")).json()) as OperationView;
    await waitFor("the restart to end", async () => {
      const { state } = await world.json<OperationView>(`/v1/operations/${operation.id}`);
      return state === "succeeded";
    });
    const [now] = await world.hello();
    assert.notEqual(now?.id, before?.id);
  });

  test("a server group is cloned once per key, takes over, and the other one goes; nobody is without a server", async () => {
    const code = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
    const act = (name: string, verb: string, body: unknown, key?: string): Promise<Response> =>
      world.call(`/v1/groups/${name}/${verb}`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
      });
    const done = async (answer: Response): Promise<OperationView> => {
      assert.equal(answer.status, 202);
      const { id } = (await answer.json()) as OperationView;
      let operation: OperationView | undefined;
      await waitFor(`${id} to end`, async () => {
        operation = await world.json<OperationView>(`/v1/operations/${id}`);
        return operation.state !== "running";
      });
      assert.equal(operation?.state, "succeeded", operation?.detail);
      assert.ok(operation);
      return operation;
    };
    const clone = await done(await act("small-hello-v000", "clone", {}, "k-1"));
    const again = (await (await act("small-hello-v000", "clone", {}, "k-1")).json()) as OperationView;
    assert.deepEqual([again.id, again.group], [clone.id, "small-hello-v001"]);
    assert.equal(await code(await act("small-hello-v000", "clone", { min: 0 }, "k-1")), "IDEMPOTENCY_KEY_REUSED");
    assert.equal(await code(await act("small-hello-v000", "resize", { min: 3, max: 2 })), "CAPACITY_INVALID");
    assert.equal(await code(await act("small-hello-v000", "resize", {})), "REQUEST_INVALID");
    assert.equal(await code(await act("small-hello-v009", "enable", {})), "GROUP_UNKNOWN");
    assert.equal(await code(await act("small-hello-v000", "suspend", { processes: ["Lunch"] })), "REQUEST_INVALID");
    assert.equal(await code(await act("small-hello-v000", "clone", { image: "/no/such" })), "IMAGE_MISSING");
    await done(await act("small-hello-v000", "destroy", {}));
    const groups = await world.json<ServerGroupView[]>("/v1/groups?cluster=hello");
    assert.deepEqual(
      groups.map(({ name, up, state, primary }) => `${name} ${up} ${state} ${primary}`),
      ["small-hello-v001 1 enabled true"],
    );
    assert.equal(groups[0]?.instances[0]?.lifecycle, "InService");
    assert.equal(await code(await act("small-hello-v001", "destroy", {})), "LAST_ENABLED_GROUP");
  });

  test("scaling policies are put in place, shown, refused when they cannot be, and given back to the file", async () => {
    const path = "/v1/autoscale/hello/policies";
    const tracking = { name: "rpm", policyType: "TargetTrackingScaling", metric: "RequestsPerSecond", targetValue: 5 };
    const scheduled = [{ name: "later", startTime: "2999-01-01T00:00:00Z", min: 2 }];
    const set = (await (await world.send("PUT", path, { policies: [tracking], scheduled })).json()) as AutoscaleView;
    assert.deepEqual([set.service, set.origin, set.min, set.max], ["hello", "set", 1, 3]);
    assert.deepEqual([set.policies[0]?.policy.name, set.policies[0]?.reason], ["rpm", "not looked at yet"]);
    assert.equal(set.scheduled[0]?.nextAt, "2999-01-01T00:00:00.000Z");
    const [listed] = await world.json<AutoscaleView[]>("/v1/autoscale");
    assert.deepEqual(listed?.policies[0]?.policy, set.policies[0]?.policy);
    const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
    const never = { name: "never", recurrence: "0 0 31 2 *", min: 2 };
    assert.equal(await codeOf(await world.send("PUT", path, { scheduled: [never] })), "SCHEDULE_INVALID");
    assert.equal(
      await codeOf(await world.send("PUT", path, { policies: [tracking, tracking] })),
      "SCALING_PLAN_INVALID",
    );
    assert.equal(await codeOf(await world.send("PUT", path, { policies: [{ name: "x" }] })), "REQUEST_INVALID");
    assert.equal(await codeOf(await world.call("/v1/autoscale/nobody")), "SERVICE_UNKNOWN");
    const after = await world.json<AutoscaleView>("/v1/autoscale/hello");
    assert.deepEqual([after.policies.length, after.scheduled.length], [1, 1]);
    await world.send("POST", `/v1/groups/${set.group}/suspend`, { processes: ["AlarmNotification"] });
    assert.deepEqual((await world.json<AutoscaleView>("/v1/autoscale/hello")).suspended, ["AlarmNotification"]);
    await world.send("POST", `/v1/groups/${set.group}/resume`, { processes: ["AlarmNotification"] });
    const reset = (await (await world.send("DELETE", path)).json()) as AutoscaleView;
    assert.deepEqual([reset.origin, reset.policies, reset.scheduled, reset.suspended], ["file", [], [], []]);
  });

  test("an application whose schedule cannot be is refused before anything of it is deployed", async () => {
    const scale = { scheduled: [{ name: "never", recurrence: "0 0 31 2 *", min: 2 }] };
    const application = { name: "small", services: { other: { run: "node program.cjs", scale } } };
    const images = { other: join(world.directory.path, "image") };
    const answer = await world.send("PUT", "/v1/applications/small", { application, images });
    assert.equal(answer.status, 400);
    assert.equal(((await answer.json()) as { code: string }).code, "SCHEDULE_INVALID");
    const { services } = await world.json<StatusView>("/v1/status");
    assert.deepEqual(
      services.filter(({ kind }) => kind === "app").map(({ name }) => name),
      ["hello"],
    );
  });

  test("logs are the last lines, and follow goes on with what is written", async () => {
    const read = async (path: string): Promise<LogLine[]> => {
      const lines: LogLine[] = [];
      const decoder = new SseDecoder(({ data }) => lines.push(JSON.parse(data)));
      decoder.push(await (await world.call(path)).text());
      return lines;
    };
    const lines = await read("/v1/logs?service=hello&tail=5");
    assert.ok(lines.length > 0);
    assert.ok(lines.every((line) => line.service === "hello" && line.line === "hello listens"));
    assert.equal((await world.call("/v1/logs?service=nobody")).status, 404);
  });

  test("a control that starts again goes on with the same instances and keeps the diary", async () => {
    const before = await world.hello();
    const newest = (await world.json<ActivityView[]>("/v1/activities?limit=1"))[0];
    await world.control?.close();
    await world.startControl();
    await waitFor("healthy again", async () => (await world.json<StatusView>("/v1/status")).verdict === "healthy");
    assert.deepEqual(
      (await world.hello()).map(({ id, pid }) => `${id} ${pid}`),
      before.map(({ id, pid }) => `${id} ${pid}`),
    );
    const now = await world.json<ActivityView[]>("/v1/activities?limit=1");
    assert.equal(now[0]?.id, newest?.id);
  });
});
