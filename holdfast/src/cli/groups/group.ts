import { OptionError, PlatformError, parseDurationMs } from "@holdfast/kernel";
import type { GroupSettingsRequest, RefreshRequest, ServerGroupView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { readCountArgument } from "../arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { followOperation } from "../operations.ts";

/** Flags that all of `holdfast group …` share. */
export interface GroupFlags extends StackOptions {
  /** The idempotency key. */
  readonly key?: string;
  /** Return once it is accepted. */
  readonly wait?: boolean;
}

/** Carries out one operation on a group and waits until it is done. */
export async function act(
  context: CommandContext,
  name: string,
  verb: string,
  body: unknown,
  flags: GroupFlags,
): Promise<number> {
  const { control } = openStack(flags);
  const headers = flags.key === undefined ? {} : { "idempotency-key": flags.key };
  const started = await control.call<Parameters<typeof followOperation>[2]>(
    "POST",
    ControlPaths.groupAct(name, verb),
    body,
    headers,
  );
  if (flags.wait !== false) return await followOperation(context, control, started);
  control.close();
  context.terminal.printJson(started);
  context.terminal.print(`${started.id}: ${started.kind} ${started.group ?? name}`);
  return exitCodes.ok;
}

export interface SizeFlags extends GroupFlags {
  readonly min?: string;
  readonly desired?: string;
  readonly max?: string;
}

const sizeMax = 500;

function sizeOf(flags: SizeFlags): Record<string, number> {
  const size: Record<string, number> = {};
  for (const name of ["min", "desired", "max"] as const) {
    const text = flags[name];
    if (text !== undefined) size[name] = readCountArgument(`--${name}`, text, sizeMax);
  }
  return size;
}

export interface TemplateFlags extends SizeFlags {
  readonly image?: string;
  readonly run?: string;
  readonly env?: readonly string[];
  readonly traffic?: boolean;
}

function templateOf({ image, run, env }: TemplateFlags): Record<string, unknown> {
  return {
    ...(image === undefined ? {} : { image }),
    ...(run === undefined ? {} : { run }),
    ...(env === undefined ? {} : { env: Object.fromEntries(env.map((pair) => readPair(pair))) }),
  };
}

function readPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new OptionError("--env", "NAME=value", pair);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** `holdfast group clone <group>`. */
export function clone(context: CommandContext, name: string, flags: TemplateFlags): Promise<number> {
  const traffic = flags.traffic === false ? { traffic: false } : {};
  return act(context, name, "clone", { ...sizeOf(flags), ...templateOf(flags), ...traffic }, flags);
}

/** `holdfast group resize <group> [desired]`. */
export function resize(
  context: CommandContext,
  name: string,
  desired: string | undefined,
  flags: SizeFlags,
): Promise<number> {
  const size = sizeOf(desired === undefined ? flags : { ...flags, desired });
  if (Object.keys(size).length === 0) {
    throw new PlatformError("USAGE", "a figure is missing: how many, or --min, --desired, --max", {
      next: "holdfast group resize --help",
      status: 400,
    });
  }
  return act(context, name, "resize", size, flags);
}

export interface RefreshFlags extends TemplateFlags {
  readonly minHealthy?: string;
  readonly maxHealthy?: string;
  readonly checkpoints?: string;
  readonly checkpointDelay?: string;
  readonly skipMatching?: boolean;
  readonly autoRollback?: boolean;
  readonly bake?: string;
  readonly cancel?: boolean;
  readonly rollback?: boolean;
}

/** `holdfast group refresh <group>`, `--cancel`, `--rollback`. */
export function refresh(context: CommandContext, name: string, flags: RefreshFlags): Promise<number> {
  if (flags.cancel === true) return act(context, name, "refresh/cancel", {}, flags);
  if (flags.rollback === true) return act(context, name, "refresh/rollback", {}, flags);
  const { minHealthy, maxHealthy, checkpoints } = flags;
  const request: RefreshRequest = {
    ...templateOf(flags),
    ...(minHealthy === undefined ? {} : { minHealthyPercentage: readCountArgument("--min-healthy", minHealthy, 100) }),
    ...(maxHealthy === undefined ? {} : { maxHealthyPercentage: readCountArgument("--max-healthy", maxHealthy, 200) }),
    ...(checkpoints === undefined
      ? {}
      : { checkpointPercentages: checkpoints.split(",").map((one) => readCountArgument("--checkpoints", one, 100)) }),
    ...durationOf("checkpointDelayMs", "--checkpoint-delay", flags.checkpointDelay),
    ...durationOf("bakeTimeMs", "--bake", flags.bake),
    ...(flags.skipMatching === true ? { skipMatching: true } : {}),
    ...(flags.autoRollback === true ? { autoRollback: true } : {}),
  };
  return act(context, name, "refresh", request, flags);
}

function durationOf<K extends string>(key: K, option: string, text: string | undefined): { [P in K]?: number } {
  if (text === undefined) return {};
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new OptionError(option, "a time such as 30s, 5m or 2h", text);
  return { [key]: ms } as { [P in K]?: number };
}

export interface SettingsFlags extends GroupFlags {
  readonly policies?: string;
  readonly checks?: string;
  /** `/health`, `/health:200-299:5s`, `none`. */
  readonly httpCheck?: string;
  readonly grace?: string;
  readonly cooldown?: string;
  readonly maxLifetime?: string;
  readonly protectNew?: string;
  readonly hook?: readonly string[];
}

/** `holdfast group settings <group> …`. */
export async function settings(context: CommandContext, name: string, flags: SettingsFlags): Promise<number> {
  const words = (text: string): string[] => text.split(",").map((word) => word.trim());
  const { policies, checks, httpCheck, maxLifetime, protectNew, hook } = flags;
  const request = {
    ...(policies === undefined ? {} : { terminationPolicies: words(policies) }),
    ...(checks === undefined ? {} : { healthChecks: words(checks).map((word) => awsChecks[word] ?? word) }),
    ...(httpCheck === undefined ? {} : { httpCheck: httpCheck === "none" ? null : readHttpCheck(httpCheck) }),
    ...durationOf("healthCheckGraceMs", "--grace", flags.grace),
    ...durationOf("defaultCooldownMs", "--cooldown", flags.cooldown),
    ...(maxLifetime === "none"
      ? { maxInstanceLifetimeMs: null }
      : durationOf("maxInstanceLifetimeMs", "--max-lifetime", maxLifetime)),
    ...(protectNew === undefined ? {} : { newInstancesProtected: protectNew === "on" }),
    ...(hook === undefined ? {} : { hooks: hook[0] === "none" ? [] : hook.map((text) => readHook(text)) }),
  } as GroupSettingsRequest;
  if (Object.keys(request).length > 0) return act(context, name, "settings", request, flags);
  const { control } = openStack(flags);
  const group = await control.call<ServerGroupView>("GET", ControlPaths.group(name));
  control.close();
  context.terminal.printJson(group.settings);
  for (const [key, value] of Object.entries(group.settings)) context.terminal.print(`${key} ${JSON.stringify(value)}`);
  return exitCodes.ok;
}

/** AWS's and Asgard's words for the checks that are meant. */
const awsChecks: Readonly<Record<string, string>> = {
  EC2: "process",
  ELB: "balancer",
  EUREKA: "registry",
  DISCOVERY: "registry",
  HTTP: "http",
};

/** `/health`, then `:200-299` and `:5s`, which may be left out. */
function readHttpCheck(text: string): NonNullable<GroupSettingsRequest["httpCheck"]> {
  const [path = "", matcher, interval] = text.split(":");
  if (!path.startsWith("/")) throw new OptionError("--http-check", "/path, then :200-299 and :5s", text);
  return {
    path,
    ...(matcher === undefined ? {} : { matcher }),
    ...(interval === undefined ? {} : durationOf("intervalMs", "--http-check", interval)),
  };
}

/** `drain:terminating:5m:CONTINUE`; time and result may be left out. */
function readHook(text: string): NonNullable<GroupSettingsRequest["hooks"]>[number] {
  const [name = "", transition, time, result] = text.split(":");
  if (transition !== "launching" && transition !== "terminating") {
    throw new OptionError("--hook", "name:launching or name:terminating, then :time and :CONTINUE or :ABANDON", text);
  }
  const heartbeat = time === undefined ? {} : durationOf("heartbeatTimeoutMs", "--hook", time);
  return {
    name,
    transition,
    ...heartbeat,
    ...(result === "CONTINUE" || result === "ABANDON" ? { defaultResult: result } : {}),
  };
}
