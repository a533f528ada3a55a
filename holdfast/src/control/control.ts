import { mkdirSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { Cloud, DurableState, type StateStore, type StoredState } from "@holdfast/cloud-server";
import type { ConfigStore } from "@holdfast/config-server";
import { type Clock, hasCode, type Log, messageOf, type Random } from "@holdfast/kernel";
import { serveAlsoAt } from "@holdfast/service";
import type { Engine, FaultEngine, InstanceObservation } from "@holdfast/wire";
import { openAutoscale } from "../autoscale/autoscale-house.ts";
import { ConfigHouse } from "../config/config-house.ts";
import { Discovery } from "../discovery/discovery.ts";
import { FaultHouse } from "../faults/fault-house.ts";
import type { FaultTarget } from "../faults/fault-pairs.ts";
import { standIns } from "../faults/places.ts";
import { RegistryHealth } from "../groups/registry-health.ts";
import { RegistryTraffic } from "../groups/registry-traffic.ts";
import { ImageHouse } from "../images/image-house.ts";
import { type ReportTarget, ResilienceReports } from "../resilience/resilience-reports.ts";
import { runFiles } from "../stack/directories.ts";
import type { Isolation } from "../stack/isolation.ts";
import { readResources } from "../stack/resources.ts";
import { openTraces } from "../traces/trace-house.ts";
import { Access } from "./api/access.ts";
import { EventHub } from "./api/event-hub.ts";
import { openApiDocument } from "./api/openapi.ts";
import { controlRoutes } from "./api/routes.ts";
import { apiServer, listen } from "./api/server.ts";
import { readOrMakeToken } from "./api/token-file.ts";
import { hostPlanOf } from "./application-hosts.ts";
import { ControlModel, type MetricsSource } from "./control-model.ts";
import { checkImage, type Deployment } from "./deploy.ts";
import { lookAt } from "./look-at.ts";
import { edgeGroups, registryGroup } from "./platform-groups.ts";
import { registryPlaces } from "./registry-urls.ts";
import { ResourceWatch } from "./resource-watch.ts";
import { type ControlSettings, instancePorts, listenAddress } from "./settings.ts";
import { untilOpen } from "./waiting-room.ts";

/** So many activities are read at the start; older ones stay in the store until asked for. */
const activitiesReadMax = 500;
const epochKey = "epoch";

/** The outside world of control. */
export interface ControlParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: StateStore;
  readonly configStore: ConfigStore;
  /** Makes the engine for this life's epoch. */
  readonly engine: (epoch: number) => Engine;
  /** Makes faults of the network, or says why it cannot. */
  readonly faults: (cloud: Cloud) => Promise<FaultEngine>;
  /** Measures what cloud says is running, until `signal` aborts. */
  readonly metrics: (cloud: Cloud, signal: AbortSignal) => MetricsSource;
  /** Directory of the built console. */
  readonly consoleDirectory: string | undefined;
}

export interface RunningControl {
  /** The port that is listened on: that of the settings unless it was 0. */
  readonly port: number;
  /** Where traces are received; `undefined` when that port could not be opened. */
  readonly otlpPort: number | undefined;
  readonly cloud: Cloud;
  /** Lets go of everything; no instance is touched. */
  close(): Promise<void>;
}

/**
 * Starts control: state, cloud, insight and the API. What an earlier life began goes on.
 *
 * @throws PlatformError `STATE_NOT_WRITABLE` when there is no token and none can be made, `PORT_TAKEN`.
 */
export async function startControl(parts: ControlParts, settings: ControlSettings): Promise<RunningControl> {
  const { clock, random, log } = parts;
  const address = listenAddress(settings);
  const { token, configOpened, state, stored, discovery, cloud, epoch } = await openCloud(parts, settings);
  makeDirectory(join(settings.stateDirectory, "views"), log);
  const ended = new AbortController();
  const metrics = parts.metrics(cloud, ended.signal);
  const model = new ControlModel(clock, settings, cloud, metrics);
  const hub = openHub(clock, model, cloud);
  const resources = watchResources(parts, settings, cloud);
  model.shortages = () => resources.reasons;
  const access = new Access(clock, token, settings.ports.console);
  const resilience = new ResilienceReports(clock, () => reportTargets(cloud));
  const config = new ConfigHouse({
    clock,
    random: random.child("config"),
    log,
    stateDirectory: settings.stateDirectory,
    cloud,
    access,
    store: parts.configStore,
    opened: configOpened,
    counts: metrics.counts,
  });
  const traces = await openTraces(
    { clock, log, token, logSources: () => model.logSources(undefined, undefined) },
    settings,
  );
  const images = new ImageHouse(clock, settings.stateDirectory, cloud, log);
  const faults = await openFaults(parts, settings, cloud);
  const autoscale = openAutoscale(clock, log, cloud, metrics, { state, meta: stored.meta });
  const houses = { discovery, resilience, config, traces, faults, images, autoscale };
  const routes = controlRoutes({ clock, settings, cloud, model, hub, access, ...houses });
  const app = apiServer(log, access, routes, {
    consoleDirectory: parts.consoleDirectory,
    openapi: () => openApiDocument(routes, settings.version),
  });
  const port = await listen(app, address, settings.ports.console);
  const side = await listenForDoors(app, settings);
  if (settings.ports.console === 0) access.allowPort(port);
  ensurePlatform(cloud, settings);
  cloud.start();
  autoscale.start();
  log.info("control.started", { port, epoch, groups: cloud.groups().length });
  return {
    port,
    otlpPort: traces.port,
    cloud,
    close: async () => {
      ended.abort();
      autoscale.close();
      await faults.close();
      cloud.stop();
      resources.close();
      images.close();
      hub.close();
      await config.close();
      await traces.close();
      side?.close();
      await app.close();
      discovery.close();
      resilience.close();
      await state.close();
    },
  };
}

/** The live views, told of every change. */
function openHub(clock: Clock, model: ControlModel, cloud: Cloud): EventHub {
  const hub = new EventHub(clock, {
    status: () => model.status(),
    instances: () => model.instances(),
    activities: () => cloud.recentActivities(100),
  });
  cloud.subscribe(() => hub.changed());
  return hub;
}

/** Reads what is kept, waiting for a disk that refuses, and makes the cloud of it. */
async function openCloud(parts: ControlParts, settings: ControlSettings) {
  const { clock, random, log } = parts;
  const state = new DurableState(clock, log, parts.store);
  const at = { address: listenAddress(settings), port: settings.ports.console };
  const { token, opened, configOpened } = await untilOpen(clock, log, at, async () => ({
    token: readOrMakeToken(settings.stateDirectory),
    opened: await state.open(activitiesReadMax),
    configOpened: await parts.configStore.open(),
  }));
  const epoch = await nextEpoch(clock, log, state, opened.state);
  const discovery = new Discovery(clock, registryPlaces(settings));
  const options = {
    zones: settings.zones,
    ports: instancePorts(settings),
    traffic: new RegistryTraffic(discovery),
    registry: new RegistryHealth(discovery),
    checkImage,
    lookAt: (instance: InstanceObservation) => lookAt(clock, instance),
  };
  const cloud = new Cloud(clock, random.child("cloud"), log, parts.engine(epoch), state, opened.state, options);
  if (opened.movedAside !== undefined) {
    log.error("state.corrupt", { movedAside: opened.movedAside });
    cloud.remark(`the state file was damaged; it was moved to ${opened.movedAside} and a new one begun`);
  }
  return { token, configOpened, state, stored: opened.state, discovery, cloud, epoch };
}

async function openFaults(parts: ControlParts, { mode, zones }: ControlSettings, cloud: Cloud): Promise<FaultHouse> {
  const { clock, log, random, faults } = parts;
  return new FaultHouse({
    clock,
    log,
    random: random.child("faults"),
    mode,
    zones,
    engine: await faults(cloud),
    instances: () => targetsOf(cloud, mode),
    remark: (cause) => cloud.remark(cause),
  });
}

function targetsOf(cloud: Cloud, mode: Isolation): FaultTarget[] {
  const standing = cloud.instances().filter(({ state }) => state !== "stopped");
  const places = mode === "ports" ? standIns(standing) : {};
  return standing.map(({ spec: { id, service, serverGroup, address, port } }) => ({
    id,
    service,
    serverGroup,
    address: places[String(port)] ?? address,
  }));
}

function watchResources(
  { clock, log }: ControlParts,
  { stateDirectory }: ControlSettings,
  cloud: Cloud,
): ResourceWatch {
  return new ResourceWatch(
    clock,
    log,
    () => readResources(stateDirectory),
    (cause) => cloud.remark(cause),
  );
}

/** In a network of its own: people come in through doors. */
async function listenForDoors(
  app: Parameters<typeof listen>[0],
  settings: ControlSettings,
): Promise<Server | undefined> {
  return settings.network === undefined
    ? undefined
    : serveAlsoAt(app.server, runFiles.consoleSocket(settings.runDirectory));
}

/** Whoever speaks for itself has an admin port. */
function reportTargets(cloud: Cloud): ReportTarget[] {
  return cloud
    .instances()
    .filter((instance) => instance.state === "up" && !instance.registeredByEngine)
    .map(({ spec: { service, id, zone, address, adminPort } }) => ({
      service,
      instance: id,
      zone: zone.name,
      address,
      adminPort,
    }));
}

/** The platform's servers as this build makes them; the edge only once there is an application to route to. */
function ensurePlatform(cloud: Cloud, settings: ControlSettings): void {
  const groups = [registryGroup(settings)];
  for (const name of cloud.applications()) {
    const deployment = cloud.application(name) as Deployment;
    groups.push(...edgeGroups(settings, deployment.application));
    restoreHosts(cloud, settings, deployment);
  }
  cloud.ensure(groups);
}

/** Hosts in zones that this stack no longer has place nobody; the application runs on all the same. */
function restoreHosts(cloud: Cloud, { zones }: ControlSettings, { application }: Deployment): void {
  try {
    const hosts = hostPlanOf(application, zones);
    if (hosts !== undefined) cloud.hosts.configure(hosts);
  } catch (error) {
    cloud.remark(`hosts are left out, nothing is placed: ${messageOf(error)}`);
  }
}

/**
 * Higher than every epoch before, also when the state was lost or cannot be written: the wall clock in seconds, or one
 * more than the last one where that clock has gone back.
 */
async function nextEpoch(clock: Clock, log: Log, state: DurableState, stored: StoredState): Promise<number> {
  const epoch = Math.max(Number(stored.meta[epochKey] ?? 0) + 1, Math.floor(clock.wallMs() / 1_000));
  try {
    await state.commit([{ kind: "meta", key: epochKey, value: String(epoch) }]);
  } catch (error) {
    if (!hasCode(error, "STATE_READ_ONLY")) throw error;
    log.warn("control.epoch-not-kept", { epoch, error });
  }
  return epoch;
}

function makeDirectory(path: string, log: Log): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    log.warn("control.no-view-directory", { path, error });
  }
}
