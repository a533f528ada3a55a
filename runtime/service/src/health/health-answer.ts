import type { Readiness } from "../admin/admin-source.ts";
import type { Health } from "./health-board.ts";
import type { CheckState } from "./health-check.ts";

/** What an answer about health is made of. */
export interface HealthSource {
  readonly service: string;
  readonly readiness: Readiness;
  readonly reason: string;
  readonly health: Health;
}

export interface HealthAnswer {
  readonly status: number;
  /** `application/health+json` (draft-inadarei-api-health-check-06); empty with 204. */
  readonly body: object | undefined;
}

export const healthContentType = "application/health+json";

/** Karyon's bridge: 204 while starting, 200 when up, 503 otherwise. */
const karyonStatus: Readonly<Record<Readiness, number>> = { starting: 204, up: 200, down: 503, draining: 503 };

/** `/healthcheck` and `/Status`, as Karyon answers. */
export function karyonAnswer(source: HealthSource): HealthAnswer {
  const status = karyonStatus[source.readiness];
  return { status, body: status === 204 ? undefined : bodyOf(source, source.readiness === "up") };
}

/** `/readyz`: whether requests are to be sent here. */
export function readyAnswer(source: HealthSource): HealthAnswer {
  const isReady = source.readiness === "up";
  return { status: isReady ? 200 : 503, body: bodyOf(source, isReady) };
}

/** `/livez` and `/healthz`: whether it is to be left running. A service that is starting or draining is. */
export function liveAnswer(source: HealthSource): HealthAnswer {
  const { isLive } = source.health;
  return { status: isLive ? 200 : 503, body: bodyOf(source, isLive) };
}

function bodyOf({ service, readiness, reason, health }: HealthSource, isGood: boolean): object {
  const checks = Object.fromEntries(health.checks.map((one) => [one.name, [checkBody(one)]]));
  return {
    status: !isGood ? "fail" : health.status === "warn" ? "warn" : "pass",
    serviceId: service,
    description: readiness,
    ...(reason === "" ? {} : { output: reason }),
    ...(health.checks.length === 0 ? {} : { checks }),
  };
}

function checkBody({ kind, status, output, atMs, tookMs }: CheckState): object {
  return {
    componentType: kind,
    status: status === "starting" ? "fail" : status,
    time: new Date(atMs).toISOString(),
    observedValue: tookMs,
    observedUnit: "ms",
    ...(output === "" ? {} : { output }),
  };
}
