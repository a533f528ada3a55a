import type { Config } from "@holdfast/config";
import type { ServerList } from "@holdfast/discovery";
import { type Log, messageOf, silentLog } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { valuesAt } from "../ribbon/config-values.ts";
import { HeldLists } from "./held-lists.ts";
import { recordOfPlace } from "./server-record.ts";
import { parseServers } from "./server-text.ts";

const suffix = ".ribbon.listOfServers";

/**
 * Servers from the configuration, by Ribbon's key: `catalog.ribbon.listOfServers=a:7001,b:7001`, read as
 * {@link parseServers} does. Takes effect as it changes; without the key, or with an empty value, the app has no servers
 * here. The environment's `HOLDFAST_CATALOG_RIBBON_LISTOFSERVERS` counts, too. A list that cannot be read changes nothing:
 * it is logged once, and {@link ConfiguredServers.problem} says why.
 */
export function configuredServers(config: Config, log: Log = silentLog): ConfiguredServers {
  return new ConfiguredServers(config, log);
}

/** What {@link configuredServers} returns. */
export class ConfiguredServers implements ServerList {
  readonly #config: Config;
  readonly #log: Log;
  readonly #lists = new HeldLists();
  /** What was read last, good or not; only of apps that have or had the key. */
  readonly #texts = new Map<string, string>();
  readonly #problems = new Map<string, string>();
  readonly #leave: () => void;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#leave = config.watch((key) => {
      if (key.toLowerCase().endsWith(suffix.toLowerCase())) this.#read(key.slice(0, -suffix.length));
    });
  }

  /** One look-up for an app that is known; the configuration is asked about others. */
  instances(app: string): readonly InstanceRecord[] {
    if (!this.#texts.has(app)) this.#read(app);
    return this.#lists.instances(app);
  }

  /** Those that were asked for or were set since; the configuration does not list its keys. */
  apps(): readonly string[] {
    return this.#lists.apps();
  }

  subscribe(onChange: (apps: ReadonlySet<string>) => void): () => void {
    return this.#lists.subscribe(onChange);
  }

  /** Why the text of now is not what is listed; `undefined` when it is. */
  problem(app: string): string | undefined {
    return this.#problems.get(app);
  }

  /** The lists stay as they are. */
  close(): void {
    this.#leave();
    this.#lists.close();
  }

  #read(app: string): void {
    const text = String(valuesAt(this.#config, `${app}${suffix}`)[0] ?? "");
    if (text === (this.#texts.get(app) ?? "")) return;
    this.#texts.set(app, text);
    this.#problems.delete(app);
    try {
      const places = parseServers(text);
      this.#lists.put(
        app,
        places.map((place) => recordOfPlace(app, "static", place)),
      );
    } catch (error) {
      const servers = this.#lists.instances(app).length;
      this.#problems.set(app, messageOf(error));
      this.#log.warn("servers.list.unfit", { app, key: `${app}${suffix}`, error, servers });
    }
  }
}
