import { existsSync, readdirSync } from "node:fs";
import {
  addDeploymentContext,
  Config,
  deploymentContext,
  type Explanation,
  RemoteSource,
  SnapshotFile,
  type Staleness,
  type Value,
} from "@holdfast/config";
import { SystemClock, systemRandom } from "@holdfast/kernel";
import { Env } from "@holdfast/wire";
import { followSecretsOf } from "./logs/known-secrets.ts";
import { processLogs, serviceLog } from "./logs/process-logs.ts";

let shared: Config | undefined;
let remote: RemoteSource | undefined;
let ready: Promise<void> | undefined;

/** What tells a process who it is (its token too) is no property of the application. */
const identityNames: ReadonlySet<string> = new Set(Object.values(Env));
/** Beside the program, as it is started. */
const directory = "config";
const fileName = "application";

/**
 * The properties of this process: its environment (`HOLDFAST_…`) and what it is (`@zone`, `@environment` …) now; files and
 * what the configuration servers say once {@link processConfigReady} has been waited for; what is set at run time above all.
 */
export function processConfig(): Config {
  if (shared === undefined) {
    const clock = new SystemClock();
    shared = new Config({ clock, log: serviceLog() });
    shared.readEnvironment(process.env, identityNames);
    addDeploymentContext(shared, deploymentContext(process.env));
    const { levels, secrets } = processLogs();
    followSecretsOf(shared, secrets);
    levels.follow(shared);
  }
  return shared;
}

/**
 * Reads `config/application.yaml` (`-{environment}`, `-{environment}-{region}`; `.properties`, `.json`, `.env`) of the working
 * directory, if there is one, follows it, and connects to the configuration servers that the environment names. Waits for
 * their word, but for half a second at most; `serve` does so before it starts.
 *
 * @throws ConfigFileError for a file that cannot be read, with line and key.
 */
export function processConfigReady(): Promise<void> {
  ready ??= load(processConfig());
  return ready;
}

/** How far what the configuration servers said may be behind; `undefined`: there are none. */
function processConfigStaleness(): Staleness | undefined {
  return remote?.staleness;
}

async function load(config: Config): Promise<void> {
  const clock = new SystemClock();
  const log = serviceLog();
  const context = deploymentContext(process.env);
  if (hasFiles()) {
    const { loadCascade } = await import("@holdfast/config/files");
    const files = loadCascade(config, { directory, name: fileName, context }, clock, log);
    for (const file of files) file.watch();
  }
  const servers = (process.env[Env.configServers] ?? "").split(",").filter((url) => URL.canParse(url));
  if (servers.length === 0) return;
  const path = process.env[Env.configSnapshot];
  remote = new RemoteSource(config, clock, systemRandom().child("config"), log, {
    servers,
    context,
    token: process.env[Env.instanceToken],
    snapshot: path === undefined || path === "" ? undefined : new SnapshotFile(path),
  });
  await remote.start();
}

function hasFiles(): boolean {
  return existsSync(directory) && readdirSync(directory).some((name) => name.startsWith(fileName));
}

/** All that is said of all keys, by whom and when, for the admin port; secrets are masked. */
export function processConfigReport(): { staleness: Staleness | null; properties: readonly Explanation[] } {
  const config = processConfig();
  const properties = [...config.keys()].sort().map((key) => config.explain(key));
  return { staleness: processConfigStaleness() ?? null, properties };
}

/**
 * A dynamic property of this process: `property("ratings.limit", 10).get()`; with a type, `property("ttl", 5_000, { type: duration })`.
 */
export const property: Config["property"] = ((key: string, fallback: Value, options?: object) =>
  processConfig().property(key, fallback, options)) as Config["property"];
