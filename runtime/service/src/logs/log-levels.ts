import type { Config } from "@holdfast/config";
import { oneOf } from "@holdfast/config";
import type { LogLevel } from "@holdfast/kernel";

/** `off` says nothing at all. */
export const levelNames = ["debug", "info", "warn", "error", "off"] as const;
export type LevelName = (typeof levelNames)[number];

const ranks: Readonly<Record<LevelName, number>> = { debug: 10, info: 20, warn: 30, error: 40, off: 50 };
const levelType = oneOf(...levelNames);
export const levelKey = "log.level";
/** Events are constants of a program; should somebody make them up, no more of them are remembered. */
const eventsMax = 2_000;

/**
 * What is worth a line: one level for all, and others for events by the beginning of their name: with `log.level.config` at
 * `debug`, `config.value.refused` is said, and so is `config`, but not `configured`. The longest name that fits counts.
 */
export class LogLevels {
  #general: number = ranks.info;
  readonly #named = new Map<string, number>();
  readonly #byEvent = new Map<string, number>();

  enables(level: LogLevel, event: string): boolean {
    const least = this.#named.size === 0 ? this.#general : this.#of(event);
    return ranks[level] >= least;
  }

  /** For all events, or for those whose name begins with `name`; undefined: as if nobody had said anything. */
  set(level: LevelName | undefined, name?: string): void {
    this.#byEvent.clear();
    if (name === undefined) this.#general = ranks[level ?? "info"];
    else if (level === undefined) this.#named.delete(name);
    else this.#named.set(name, ranks[level]);
  }

  /** Does as the properties `log.level` and `log.level.{name}` say, now and when they change. Returns the way to stop. */
  follow(config: Config): () => void {
    const stops: (() => void)[] = [];
    const followed = new Set<string>();
    const follow = (key: string): void => {
      if (followed.has(key)) return;
      followed.add(key);
      const name = key === levelKey ? undefined : key.slice(levelKey.length + 1);
      const property = config.property<LevelName | undefined>(key, undefined, { type: levelType });
      this.set(property.get(), name);
      stops.push(property.subscribe((level) => this.set(level, name)));
    };
    follow(levelKey);
    for (const key of config.keys(levelKey)) follow(key);
    stops.push(config.watch((key) => void (key.startsWith(`${levelKey}.`) && follow(key))));
    return () => {
      for (const stop of stops) stop();
    };
  }

  #of(event: string): number {
    const known = this.#byEvent.get(event);
    if (known !== undefined) return known;
    let least: number | undefined;
    for (let name = event; least === undefined && name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf("."))))
      least = this.#named.get(name);
    least ??= this.#general;
    if (this.#byEvent.size < eventsMax) this.#byEvent.set(event, least);
    return least;
  }
}
