import assert from "node:assert/strict";
import { test } from "node:test";
import { type InstanceId, makeZones } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { type EnvironmentFacts, environmentOf } from "../src/agent/environment.ts";

const [zone] = makeZones(1, 1);
assert.ok(zone !== undefined);
const spec = {
  id: "i-0123456789abcdef" as InstanceId,
  application: "movies",
  service: "ratings",
  cluster: "movies-ratings",
  serverGroup: "movies-ratings-v000",
  zone,
  address: "127.1.1.2",
  port: 1,
  adminPort: 2,
  image: "/image",
  env: {},
} as unknown as LaunchSpec;
const facts: EnvironmentFacts = {
  nodePath: "/node/bin/node",
  registries: [],
  configServers: [],
  token: "t0ken",
  lastViewFile: undefined,
  configSnapshot: undefined,
  otlpEndpoint: "http://127.0.0.1:4318",
  codeCache: undefined,
};

function telemetry(env: Record<string, string>, given: Partial<EnvironmentFacts> = {}): Record<string, string> {
  const all = environmentOf({ ...spec, env }, { ...facts, ...given }, {});
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith("OTEL_")));
}

test("instances learn where to send traces, who they are, and get a token of their own", () => {
  assert.deepEqual(telemetry({}), {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t0ken,x-holdfast-sender=i-0123456789abcdef",
    OTEL_SERVICE_NAME: "ratings",
    OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=i-0123456789abcdef,service.namespace=movies,cloud.region=${zone?.regionName},cloud.availability_zone=${zone?.name},deployment.environment.name=dev`,
  });
});

test("what the application says wins; with an endpoint of its own it gets no token of ours", () => {
  assert.equal(telemetry({ OTEL_SERVICE_NAME: "mine" })["OTEL_SERVICE_NAME"], "mine");
  for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]) {
    const all = telemetry({ [name]: "https://collector.example" });
    assert.equal(all["OTEL_EXPORTER_OTLP_HEADERS"], undefined);
    assert.equal(all[name], "https://collector.example");
    assert.equal(all["OTEL_SERVICE_NAME"], "ratings");
  }
  assert.deepEqual(telemetry({}, { otlpEndpoint: undefined }), {});
});

test("instances are told where they stand by Asgard's names, too, and the application's own values win", () => {
  const own = { HOLDFAST_ENVIRONMENT: "prod", CLOUD_MONITOR_BUCKET: "mine" };
  const all = environmentOf({ ...spec, serverGroup: "movies-ratings-d0canary-v004", env: own }, facts, {});
  assert.partialDeepStrictEqual(all, {
    CLOUD_APP: "movies",
    CLOUD_STACK: "ratings",
    CLOUD_CLUSTER: "movies-ratings-d0canary",
    CLOUD_AUTO_SCALE_GROUP: "movies-ratings-d0canary-v004",
    CLOUD_DEV_PHASE: "canary",
    CLOUD_ENVIRONMENT: "prod",
    CLOUD_MONITOR_BUCKET: "mine",
    EC2_REGION: zone?.regionName,
  });
});

test("instances share what Node has compiled, unless the application says otherwise", () => {
  const { NODE_COMPILE_CACHE: shared } = environmentOf(spec, { ...facts, codeCache: "/state/code-cache" }, {});
  assert.equal(shared, "/state/code-cache");
  const own = environmentOf({ ...spec, env: { NODE_COMPILE_CACHE: "/mine" } }, { ...facts, codeCache: "/x" }, {});
  assert.equal(own["NODE_COMPILE_CACHE"], "/mine");
  assert.equal(environmentOf(spec, facts, {})["NODE_COMPILE_CACHE"], undefined);
});
