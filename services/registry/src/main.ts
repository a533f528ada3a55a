import { JsonLog, PlatformError, SystemClock, systemRandom } from "@holdfast/kernel";
import { readIdentity, serve } from "@holdfast/service";
import { Env, type InstanceRecord, type RegistrySettings } from "@holdfast/wire";
import { registryHandler } from "./http-handler.ts";
import { Registry } from "./registry.ts";

/** The registry's own lease is renewed by itself, well inside its nine seconds. */
const selfRenewMs = 3_000;

const clock = new SystemClock();
const random = systemRandom();
const log = new JsonLog(
  (line) => process.stdout.write(line),
  () => clock.wallMs(),
);
const settings = readSettings(process.env[Env.settings]);
const registry = new Registry(clock, random, log, settings);

// A registry cannot ask a registry to take it in: it enters itself, and its peers hear of it.
const service = await serve({
  name: "registry",
  handler: registryHandler(registry, log),
  unregistered: true,
  onDrain: () => registry.close(),
});
await registry.start();
let version = 1;
registry.register(selfRecord());
clock.every(selfRenewMs, () => {
  if (service.readiness === "draining") return;
  try {
    registry.renew(service.identity.instanceId, { incarnation: startedAtMs(), version });
  } catch {
    version += 1;
    registry.register(selfRecord());
  }
});

function startedAtMs(): number {
  return Math.round(performance.timeOrigin);
}

function selfRecord(): InstanceRecord {
  const identity = readIdentity(process.env, "registry");
  return {
    app: "registry",
    id: identity.instanceId,
    incarnation: startedAtMs(),
    version,
    status: "UP",
    region: identity.region,
    zone: identity.zone,
    address: identity.host,
    port: service.port,
    adminPort: service.adminPort,
    application: identity.application,
    cluster: identity.cluster,
    serverGroup: identity.serverGroup,
    verifiesIdentity: true,
    metadata: {},
  };
}

function readSettings(text: string | undefined): RegistrySettings {
  if (text === undefined) return { name: "alone", peers: [] };
  const value: unknown = JSON.parse(text);
  const valid = typeof value === "object" && value !== null && "name" in value && "peers" in value;
  if (!valid || typeof value.name !== "string" || !Array.isArray(value.peers)) {
    throw new PlatformError("OPTION_INVALID", `${Env.settings}: must hold the registry's name and peers`, {
      status: 400,
    });
  }
  return { name: value.name, peers: value.peers.map(String) };
}
