import {
  Autoscaler,
  type Cloud,
  checkPlan,
  type DurableState,
  readScalingState,
  type ScalingPlan,
} from "@holdfast/cloud-server";
import { InstanceFigures } from "@holdfast/insight-server";
import { type Clock, type Log, messageOf } from "@holdfast/kernel";
import type { Application } from "@holdfast/wire/application";
import type { AutoscaleChange, AutoscaleView, ForecastView, MetricPoint } from "@holdfast/wire/control";
import type { MetricsSource } from "../control/control-model.ts";
import type { Deployment } from "../control/deploy.ts";
import { platformApplication } from "../control/platform-groups.ts";
import { autoscaleView, forecastView } from "./autoscale-view.ts";
import { GroupFigures, metricDelayMs } from "./group-figures.ts";
import { PrimaryGroups, type ScaledCloud } from "./primary-groups.ts";

/** Key of `meta` in the store. */
const autoscaleKey = "autoscale";

export interface AutoscaleHouseParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly cloud: ScaledCloud;
  readonly figures: InstanceFigures;
  readonly minutes: (service: string, sinceMs: number) => readonly MetricPoint[];
  /** What an earlier life of control kept under {@link autoscaleKey}. */
  readonly stored: string | undefined;
  readonly keep: (state: string) => void;
}

/** Scaling policies and scheduled actions in control: fed by insight, obeyed by the cloud. */
export class AutoscaleHouse {
  readonly #clock: Clock;
  readonly #autoscaler: Autoscaler;
  readonly #groups: PrimaryGroups;

  constructor({ clock, log, cloud, figures, minutes, stored, keep }: AutoscaleHouseParts) {
    const groups = new PrimaryGroups(clock, cloud);
    const membersOf = (service: string, known: Iterable<string>): string[] => {
      const ids = new Set(known);
      groups.forget((id) => ids.has(id));
      return groups.membersOf(service, ids);
    };
    this.#clock = clock;
    this.#groups = groups;
    this.#autoscaler = new Autoscaler(
      {
        clock,
        log,
        source: new GroupFigures({ figures, minutes, membersOf }),
        target: groups,
        keep: (state) => keep(JSON.stringify(state)),
        metricDelayMs,
      },
      readScalingState(stored),
    );
  }

  start(): void {
    this.#autoscaler.start();
  }

  close(): void {
    this.#autoscaler.stop();
    this.#groups.close();
  }

  /**
   * Takes the plans of an application file; `undefined`: there is no application.
   *
   * @throws PlatformError `SCALING_PLAN_INVALID`, `SCHEDULE_INVALID` (400); nothing has changed then.
   */
  configure(application: Application | undefined): void {
    this.#autoscaler.configure(plansOf(application));
  }

  list(): AutoscaleView[] {
    const nowMs = this.#clock.wallMs();
    return this.#autoscaler.views().map((view) => autoscaleView(view, nowMs));
  }

  /** @throws PlatformError `SERVICE_UNKNOWN`. */
  get(service: string): AutoscaleView {
    return autoscaleView(this.#autoscaler.view(service), this.#clock.wallMs());
  }

  /** @throws PlatformError `SERVICE_UNKNOWN`, `SCALING_PLAN_INVALID`, `SCHEDULE_INVALID`. */
  set(service: string, { policies, scheduled }: AutoscaleChange): AutoscaleView {
    const change = { ...(policies && { policies }), ...(scheduled && { scheduled }) };
    return autoscaleView(this.#autoscaler.set(service, change), this.#clock.wallMs());
  }

  /** Back to the application file's. @throws PlatformError `SERVICE_UNKNOWN`. */
  reset(service: string): AutoscaleView {
    return autoscaleView(this.#autoscaler.reset(service), this.#clock.wallMs());
  }

  /** @throws PlatformError `SERVICE_UNKNOWN`. */
  forecast(service: string, metric: string): ForecastView {
    this.#autoscaler.view(service);
    return forecastView(service, metric, this.#autoscaler.forecast(service, metric));
  }
}

/** Scaling of a cloud whose applications are deployed already; not started. */
export function openAutoscale(
  clock: Clock,
  log: Log,
  cloud: Cloud,
  metrics: MetricsSource,
  { state, meta }: { readonly state: DurableState; readonly meta: Readonly<Record<string, string>> },
): AutoscaleHouse {
  const house = new AutoscaleHouse({
    clock,
    log,
    cloud,
    figures: metrics.figures ?? new InstanceFigures(),
    minutes: (service, sinceMs) => metrics.history(service, sinceMs),
    stored: meta[autoscaleKey],
    keep: (value) => state.note({ kind: "meta", key: autoscaleKey, value }),
  });
  const name = cloud.applications().find((one) => one !== platformApplication);
  const deployment = name === undefined ? undefined : (cloud.application(name) as Deployment);
  try {
    house.configure(deployment?.application);
  } catch (error) {
    // An earlier version took this plan; it stays out of force until it is set right.
    log.error("autoscale.plan-refused", { reason: messageOf(error) });
  }
  return house;
}

/** Refuses plans that contradict themselves before anything of a deployment is done. */
export function checkScaling(application: Application): void {
  for (const plan of Object.values(plansOf(application))) checkPlan(plan);
}

function plansOf(application: Application | undefined): Record<string, ScalingPlan> {
  const services = Object.entries(application?.services ?? {});
  return Object.fromEntries(
    services.map(([service, { scale }]) => {
      return [service, { policies: scale?.policies ?? [], scheduled: scale?.scheduled ?? [] }];
    }),
  );
}
