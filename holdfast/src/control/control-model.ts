import { join } from "node:path";
import type { Cloud } from "@holdfast/cloud-server";
import type { InstanceFigures } from "@holdfast/insight-server";
import type { Clock } from "@holdfast/kernel";
import { operatorAddress } from "@holdfast/wire";
import type { InstanceView, MetricPoint, ServiceView, StatusView } from "@holdfast/wire/control";
import type { GateCounts } from "../config/gate-figures.ts";
import type { LogSource } from "./api/log-stream.ts";
import { platformApplication } from "./platform-groups.ts";
import type { ControlSettings } from "./settings.ts";
import { verdictOf } from "./verdict.ts";
import { instanceView, type ServiceMetrics, serviceStatuses, serviceView, zoneViews } from "./views.ts";

/** What insight measured; absent figures are unknown, not zero. */
export interface MetricsSource {
  lastMinute(service: string): ServiceMetrics | undefined;
  /** One point a minute since `sinceMs` (wall). */
  history(service: string, sinceMs: number): readonly MetricPoint[];
  /** What single instances did; without it no trial of a configuration value passes by its requests. */
  readonly counts?: GateCounts;
  /** What each instance did; without it no scaling policy has figures. */
  readonly figures?: InstanceFigures;
}

const kindOrder = { app: 0, gateway: 1, balancer: 2, registry: 3, control: 4 } as const;

/** All views of the API, made of what cloud and insight know now. */
export class ControlModel {
  readonly #startedMs: number;
  readonly #settings: ControlSettings;
  readonly #cloud: Cloud;
  readonly #metrics: MetricsSource;

  constructor(clock: Clock, settings: ControlSettings, cloud: Cloud, metrics: MetricsSource) {
    this.#startedMs = clock.wallMs();
    this.#settings = settings;
    this.#cloud = cloud;
    this.#metrics = metrics;
  }

  /** What the machine runs short of; set by who watches it. */
  shortages: () => readonly string[] = () => [];

  status(): StatusView {
    const { ports, version, mode, stateDirectory } = this.#settings;
    const services = this.services();
    const zones = zoneViews(this.#cloud);
    const health = this.#cloud.stateHealth;
    const { verdict, sentence, reasons } = verdictOf(services, zones);
    const url = (port: number): string => `http://${operatorAddress}:${port}`;
    const { deposed } = this.#cloud;
    return {
      application: this.#cloud.applications().find((name) => name !== platformApplication) ?? "",
      verdict,
      sentence,
      reasons: [
        ...reasons,
        ...(health.kind === "writable" ? [] : [`state is read-only: ${health.reason}`]),
        ...this.shortages(),
        ...(deposed === undefined ? [] : [`this control decides nothing any more: ${deposed}`]),
      ],
      state: health.kind,
      stateReason: health.kind === "writable" ? "" : health.reason,
      stateDirectory,
      edge: url(ports.edge),
      console: url(ports.console),
      registry: url(ports.registry),
      mode,
      version,
      startedAt: new Date(this.#startedMs).toISOString(),
      zones,
      services,
    };
  }

  /** The application's services first, then the platform's, by name. */
  services(): ServiceView[] {
    return serviceStatuses(this.#cloud.groups())
      .map((status) =>
        serviceView(status, this.#settings.zones, this.#metrics.lastMinute(status.group.definition.service)),
      )
      .toSorted((a, b) => kindOrder[a.kind] - kindOrder[b.kind] || (a.name < b.name ? -1 : 1));
  }

  service(name: string): ServiceView | undefined {
    return this.services().find((service) => service.name === name);
  }

  /** What runs now, control itself included; with `ended`, also what ended within the last minute. */
  instances(ended = false): InstanceView[] {
    const all = this.#cloud
      .instances()
      .filter((instance) => ended || instance.state !== "stopped")
      .map((instance) => instanceView(instance))
      .toSorted((a, b) => kindOrder[a.kind] - kindOrder[b.kind] || compare(a, b));
    return [...all, this.#self()];
  }

  instance(id: string): InstanceView | undefined {
    return this.instances(true).find((instance) => instance.id === id);
  }

  metrics(service: string, sinceMs: number): readonly MetricPoint[] {
    return this.#metrics.history(service, sinceMs);
  }

  /** The log files of what runs or ended a moment ago; control's own only when asked for by name. */
  logSources(service: string | undefined, instance: string | undefined): LogSource[] {
    if (service === "control") {
      const file = join(this.#settings.stateDirectory, "logs", "control.log");
      return [{ service, instance: "control", zone: "-", file }];
    }
    return this.#cloud
      .instances()
      .filter(({ spec, logFile }) => {
        if (logFile === "" || (service !== undefined && spec.service !== service)) return false;
        return instance === undefined || spec.id === instance;
      })
      .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
      .map(({ spec, logFile }) => ({
        service: spec.service,
        instance: spec.id,
        zone: spec.zone.name,
        file: logFile,
      }));
  }

  #self(): InstanceView {
    const at = new Date(this.#startedMs).toISOString();
    return {
      id: "control",
      name: "control",
      kind: "control",
      zone: "-",
      region: "-",
      address: operatorAddress,
      port: this.#settings.ports.console,
      pid: process.pid,
      status: "up",
      since: at,
      reason: "answers",
      reasonCode: "UP",
      serverGroup: `${platformApplication}-control`,
      startedAt: at,
    };
  }
}

function compare(a: InstanceView, b: InstanceView): number {
  const key = (view: InstanceView): string => `${view.name} ${view.zone} ${view.startedAt} ${view.id}`;
  return key(a) < key(b) ? -1 : 1;
}
