import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeZones } from "@holdfast/kernel";
import { Env, type GatewaySettings, type RegistrySettings } from "@holdfast/wire";
import { parseApplication } from "@holdfast/wire/application";
import { applicationGroups, writtenRun } from "../src/control/application-groups.ts";
import { documentedApi } from "../src/control/documented-api.ts";
import { edgeGroups, registryGroup } from "../src/control/platform-groups.ts";
import type { ControlSettings } from "../src/control/settings.ts";

const settings: ControlSettings = {
  stateDirectory: "/state",
  runDirectory: "/run",
  zones: makeZones(1, 3),
  agentSockets: {},
  ports: { edge: 8_080, console: 7_070, registry: 8_761, otlp: 4_318 },
  portBase: 12_000,
  bundles: {
    registry: "/dist/registry.mjs",
    gateway: "/dist/gateway.mjs",
    balancer: "/my dist/balancer.mjs",
    sidecar: "/dist/sidecar.mjs",
    faultHook: "/my dist/fault-hook.mjs",
  },
  mode: "netns",
  version: "0.1.0",
};

function application(value: object): Parameters<typeof applicationGroups>[1] {
  const parsed = parseApplication(value);
  assert.equal(parsed.kind, "ok");
  return parsed.application;
}

test("registries have fixed places and know their peers", () => {
  const group = registryGroup(settings);
  const { host, fixedPorts } = group.placement;
  assert.equal(host, 1);
  assert.deepEqual(fixedPorts, { "local-1a": 12_000, "local-1b": 12_001, "local-1c": 12_002 });
  const own: RegistrySettings = JSON.parse(group.template.zoneEnv["local-1b"]?.[Env.settings] ?? "");
  assert.deepEqual(own, { name: "local-1b", peers: ["http://127.1.1.1:12000", "http://127.1.3.1:12002"] });
});

test("the gateway gets the application's routes, or all paths for the first service", () => {
  const routesOf = (value: object): GatewaySettings["routes"] => {
    const gateway = edgeGroups(settings, application(value))[0];
    const parsed: GatewaySettings = JSON.parse(gateway?.template.env[Env.settings] ?? "");
    return parsed.routes;
  };
  const services = { web: { run: "node web.js" }, api: { run: "node api.js" } };
  assert.deepEqual(routesOf({ services }), [{ match: "/**", to: "web", stripPrefix: false, timeoutMs: 10_000 }]);
  assert.deepEqual(
    routesOf({ services, routes: [{ match: "/api/**", to: "api", timeout: "2s", stripPrefix: true }] }),
    [{ match: "/api/**", to: "api", stripPrefix: true, timeoutMs: 2_000 }],
  );
});

test("a path with spaces is one word of the command line", () => {
  const balancer = edgeGroups(settings, application({ services: { web: { run: "node web.js" } } }))[1];
  assert.equal(balancer?.template.run, 'node "/my dist/balancer.mjs"');
  assert.equal(balancer?.placement.address, "127.0.0.1");
});

test("a service of one line gets one instance a zone; what is written counts", () => {
  const groups = applicationGroups(
    "movies",
    application({
      environment: "test",
      services: {
        catalog: { run: "node catalog.js" },
        api: {
          run: "node api.js",
          env: { MODE: "x" },
          scale: { min: 2, desired: 12 },
          health: { path: "/ok", startTimeout: "5s" },
          drain: "3s",
        },
        small: { run: "node small.js", scale: { max: 1 } },
      },
    }),
    { catalog: "/i/1", api: "/i/2", small: "/i/3" },
    settings,
  );
  const [catalog, api, small] = groups;
  assert.deepEqual(catalog?.scale, { min: 3, desired: 3, max: 9 });
  assert.equal(catalog?.template.image, "/i/1");
  assert.deepEqual(api?.scale, { min: 2, desired: 12, max: 12 });
  assert.deepEqual(api?.template.env, { [Env.environment]: "test", MODE: "x" });
  assert.equal(api?.template.drainMs, 3_000);
  assert.equal(api?.template.health.path, "/ok");
  assert.equal(api?.template.health.startTimeoutMs, 5_000);
  assert.deepEqual(small?.scale, { min: 1, desired: 1, max: 1 });
});

test("a service that says `sidecar: true` is run by a sidecar, which gets its command and its health", () => {
  const groups = applicationGroups(
    "movies",
    application({
      services: {
        reviews: {
          run: "python3 'my app.py' --x",
          sidecar: true,
          env: { MODE: "x" },
          drain: "3s",
          health: { path: "/ok", timeout: "500ms" },
        },
        shell: { run: "cd app && python3 app.py", sidecar: true },
      },
    }),
    { reviews: "/i/1", shell: "/i/2" },
    settings,
  );
  const [reviews, shell] = groups.map(({ template }) => template);
  assert.deepEqual([reviews?.run, reviews?.image, reviews?.env["MODE"]], ["node /dist/sidecar.mjs", "/i/1", "x"]);
  assert.deepEqual(groups.map(writtenRun), [
    "python3 my app.py --x (behind a sidecar)",
    "/bin/sh -c cd app && python3 app.py (behind a sidecar)",
  ]);
  assert.deepEqual(JSON.parse(reviews?.env[Env.settings] ?? ""), {
    command: ["python3", "my app.py", "--x"],
    drainMs: 3_000,
    healthPath: "/ok",
    healthTimeoutMs: 500,
  });
  const { command }: { command: string[] } = JSON.parse(shell?.env[Env.settings] ?? "");
  assert.deepEqual(command, ["/bin/sh", "-c", "cd app && python3 app.py"]);
  const open = application({ services: { reviews: { run: "python3 'app.py", sidecar: true } } });
  assert.throws(() => applicationGroups("movies", open, { reviews: "/i/1" }, settings), { code: "RUN_UNREADABLE" });
});

test("a service's checks come from its file, in AWS's bounds; without a word there is only the zone's own", () => {
  const service = (health: object): unknown => ({ services: { web: { run: "node web.js", health } } });
  const settingsFor = (health: object): unknown =>
    applicationGroups("shop", application(service(health) as object), { web: "/images/web" }, settings)[0]?.settings;
  assert.equal(settingsFor({ path: "/health" }), undefined);
  assert.deepEqual(settingsFor({ checks: ["registry"], grace: "10s" }), {
    healthChecks: ["registry"],
    healthCheckGraceMs: 10_000,
  });
  const http = { path: "/deep", intervalMs: 2_000, timeoutMs: 2_000, healthyThreshold: 2, unhealthyThreshold: 5 };
  assert.deepEqual(
    settingsFor({
      checks: ["http"],
      http: { path: "/deep", interval: "2s", unhealthyThreshold: 5, matcher: "200,204" },
    }),
    { healthChecks: ["http"], httpCheck: { ...http, matcher: "200,204" } },
  );
  for (const wrong of [
    { checks: ["ping"] },
    { http: { path: "deep" } },
    { http: { path: "/", interval: "200ms" } },
    { http: { path: "/", matcher: "2xx" } },
    { http: { path: "/", healthyThreshold: 0 } },
  ]) {
    assert.notEqual(parseApplication(service(wrong)).kind, "ok", JSON.stringify(wrong));
  }
});

test("a service without an image is refused by name", () => {
  const one = application({ services: { catalog: { run: "node catalog.js" } } });
  assert.throws(() => applicationGroups("movies", one, {}, settings), { code: "IMAGE_MISSING", message: /catalog/ });
});

test("the checked-in OpenAPI document is what the routes say", () => {
  const file = join(import.meta.dirname, "../../docs/api/openapi.json");
  const fresh = `${JSON.stringify(documentedApi(), undefined, 2)}\n`;
  assert.equal(readFileSync(file, "utf8"), fresh, "run: node holdfast/src/control/write-openapi.ts");
});

test("every reference of the OpenAPI document has its schema, and every operation an own id", () => {
  const text = JSON.stringify(documentedApi());
  const document: { components: { schemas: object }; paths: Record<string, Record<string, { operationId: string }>> } =
    JSON.parse(text);
  const known = new Set(Object.keys(document.components.schemas));
  for (const match of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    assert.ok(known.has(match[1] ?? ""), match[1]);
  const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((item) => item.operationId));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length >= 18);
});

test("where zones share one network, programs get what simulates faults; their own options of Node stay", () => {
  const shared = { ...settings, mode: "loopback" } as const;
  const hook = "--import=file:///my%20dist/fault-hook.mjs";
  const [catalog] = applicationGroups(
    "movies",
    application({ services: { catalog: { run: "node c.js", env: { NODE_OPTIONS: "--trace-warnings" } } } }),
    { catalog: "/i/1" },
    shared,
  );
  assert.equal(catalog?.template.env["NODE_OPTIONS"], `--trace-warnings ${hook}`);
  assert.equal(catalog?.template.env["HOLDFAST_FAULTS"], "/run/faults/faults.json");
  assert.equal(registryGroup(shared).template.env["NODE_OPTIONS"]?.endsWith(` ${hook}`), true);
  assert.equal(registryGroup(settings).template.env["HOLDFAST_FAULTS"], undefined);
});

test("with ports alone everything stands on the operator's address", () => {
  const ports = { ...settings, mode: "ports" } as const;
  const groups = [registryGroup(ports), ...edgeGroups(ports, application({ services: { a: { run: "node a.js" } } }))];
  for (const { placement } of groups) assert.equal(placement.address, "127.0.0.1");
  const env = registryGroup(ports).template.zoneEnv["local-1a"]?.["HOLDFAST_SETTINGS"] ?? "";
  assert.deepEqual(JSON.parse(env).peers, ["http://127.0.0.1:12001", "http://127.0.0.1:12002"]);
});
