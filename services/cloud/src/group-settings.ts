import { PlatformError } from "@holdfast/kernel";
import {
  type HealthCheckType,
  type HttpHealthCheck,
  healthCheckTypes,
  httpMatcherPattern,
  type ScalingProcess,
  scalingProcesses,
  type TerminationPolicy,
  terminationPolicies,
} from "@holdfast/wire";

export {
  type HealthCheckType,
  healthCheckTypes,
  type ScalingProcess,
  scalingProcesses,
  type TerminationPolicy,
  terminationPolicies,
};

/** Asgard suspends these three of a group whose traffic is disabled. */
export const disabledProcesses: readonly ScalingProcess[] = ["Launch", "Terminate", "AddToLoadBalancer"];

export type LifecycleTransition = "launching" | "terminating";
export type LifecycleResult = "CONTINUE" | "ABANDON";

/** Holds each instance at the door until somebody says go on, or time is up. */
export interface LifecycleHook {
  readonly name: string;
  readonly transition: LifecycleTransition;
  /** 30 s to 7,200 s; the default is an hour. */
  readonly heartbeatTimeoutMs: number;
  /** What happens when time is up. */
  readonly defaultResult: LifecycleResult;
}

/** Instances that are started ahead of need and wait outside the group. */
export interface WarmPool {
  readonly minSize: number;
  /** At most so many warm and in service together; `undefined`: the group's max. */
  readonly maxPreparedCapacity: number | undefined;
  /** `Running`: the process stays, out of service. `Stopped`: it is stopped with SIGSTOP and costs no processor time. */
  readonly state: "Running" | "Stopped";
  /** An instance that scale-in takes goes back into the pool instead of ending. */
  readonly reuseOnScaleIn: boolean;
}

/** How one group is looked after, beside its size and what it runs. */
export interface GroupSettings {
  readonly suspended: readonly ScalingProcess[];
  /** Asked in order; each narrows the choice, what is left after the last is a draw. */
  readonly terminationPolicies: readonly TerminationPolicy[];
  readonly healthChecks: readonly HealthCheckType[];
  /** What the check of kind `http` asks. `undefined`: the service's own health path, else `/`, in the default rhythm. */
  readonly httpCheck: HttpHealthCheck | undefined;
  /** An instance in service for less is not replaced for failing checks. Its end is an end all the same. */
  readonly healthCheckGraceMs: number;
  /** After one change by a simple policy the next waits so long. */
  readonly defaultCooldownMs: number;
  /** `undefined`: for ever. Else at least a day. */
  readonly maxInstanceLifetimeMs: number | undefined;
  readonly newInstancesProtected: boolean;
  readonly hooks: readonly LifecycleHook[];
  readonly warmPool: WarmPool | undefined;
}

/** AWS's own defaults: `DefaultCooldown` 300 s, `HealthCheckGracePeriod` 0. */
export const groupSettingsDefaults: GroupSettings = {
  suspended: [],
  terminationPolicies: ["Default"],
  healthChecks: ["process"],
  httpCheck: undefined,
  healthCheckGraceMs: 0,
  defaultCooldownMs: 300_000,
  maxInstanceLifetimeMs: undefined,
  newInstancesProtected: false,
  hooks: [],
  warmPool: undefined,
};

export const lifecycleHookDefaults = { heartbeatTimeoutMs: 3_600_000, defaultResult: "ABANDON" } as const;

const heartbeatMs = { min: 30_000, max: 7_200_000 } as const;
const lifetimeMinMs = 86_400_000;
const hookName = /^[A-Za-z0-9\-_/]{1,255}$/;
const hooksMax = 50;

/**
 * Refuses settings that AWS would refuse, in its bounds.
 *
 * @throws PlatformError `GROUP_SETTINGS_INVALID` (400).
 */
export function checkSettings(settings: GroupSettings): void {
  const lifetimeMs = settings.maxInstanceLifetimeMs;
  if (lifetimeMs !== undefined && lifetimeMs < lifetimeMinMs) {
    refuse(`the maximum instance lifetime must be 24 h (86,400 s) or more, got ${lifetimeMs / 1_000} s`);
  }
  for (const key of ["healthCheckGraceMs", "defaultCooldownMs"] as const) {
    if (!(settings[key] >= 0)) refuse(`${key} must be 0 or more, got ${settings[key]}`);
  }
  if (settings.hooks.length > hooksMax) refuse(`a group has at most ${hooksMax} lifecycle hooks`);
  for (const hook of settings.hooks) {
    if (!hookName.test(hook.name)) refuse(`${hook.name}: a hook's name is 1 to 255 of A-Z a-z 0-9 - _ /`);
    if (hook.heartbeatTimeoutMs < heartbeatMs.min || hook.heartbeatTimeoutMs > heartbeatMs.max) {
      refuse(
        `${hook.name}: the heartbeat timeout must be from 30 s to 7200 s, got ${hook.heartbeatTimeoutMs / 1_000} s`,
      );
    }
  }
  if (settings.httpCheck !== undefined) checkHttp(settings.httpCheck);
  const { warmPool } = settings;
  if (warmPool !== undefined && warmPool.minSize < 0) refuse("the warm pool's minimum must be 0 or more");
}

/** AWS's bounds of a target group's check, but for the shortest interval, which is 5 s there. */
function checkHttp(check: HttpHealthCheck): void {
  const { path, matcher, intervalMs, timeoutMs, healthyThreshold, unhealthyThreshold } = check;
  if (!/^\/[^\s]*$/.test(path)) refuse(`the HTTP check's path starts with /, got ${path}`);
  if (!httpMatcherPattern.test(matcher))
    refuse(`the HTTP check's matcher is such as 200,204 or 200-299, got ${matcher}`);
  if (!(intervalMs >= 1_000 && intervalMs <= 300_000)) refuse("the HTTP check's interval is from 1 s to 300 s");
  if (!(timeoutMs >= 100 && timeoutMs <= 120_000)) refuse("the HTTP check's timeout is from 100 ms to 120 s");
  for (const threshold of [healthyThreshold, unhealthyThreshold]) {
    const isFine = Number.isInteger(threshold) && threshold >= 1 && threshold <= 10;
    if (!isFine) refuse(`the HTTP check's thresholds are whole numbers from 1 to 10, got ${threshold}`);
  }
}

function refuse(reason: string): never {
  throw new PlatformError("GROUP_SETTINGS_INVALID", reason, { status: 400, next: "holdfast group --help" });
}
