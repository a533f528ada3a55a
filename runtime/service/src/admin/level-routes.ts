import type { Config } from "@holdfast/config";
import { type Clock, OptionError, type Timer } from "@holdfast/kernel";
import { type LevelName, levelKey, levelNames } from "../logs/log-levels.ts";
import type { AdminSource } from "./admin-source.ts";
import { type Exchange, readJson, sendJson } from "./exchange.ts";

const secondsMax = 86_400;
const namesMax = 100;

interface Wanted {
  /** Null: as it was before somebody set it at run time. */
  readonly level: LevelName | null;
  /** The beginning of the names of events; undefined: all. */
  readonly name: string | undefined;
  /** It goes back by itself after so long; undefined: it stays until the process ends. */
  readonly seconds: number | undefined;
}

/** Levels of the log set at run time, each until it is set again, until its time is over, or until the process ends. */
export class LevelSetter {
  readonly #clock: Clock;
  readonly #config: Config;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, config: Config) {
    this.#clock = clock;
    this.#config = config;
  }

  set({ level, name, seconds }: Wanted): void {
    const key = name === undefined ? levelKey : `${levelKey}.${name}`;
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    if (level !== null && name !== undefined && this.#config.keys(levelKey).size >= namesMax)
      throw new OptionError("name", `one of at most ${namesMax} names with a level of their own`, name);
    const reason = seconds === undefined ? {} : { reason: `for ${seconds} s` };
    this.#config.set("runtime", key, level ?? undefined, { source: "the admin port", ...reason });
    if (seconds === undefined || level === null) return;
    // `every`, as it keeps no process alive.
    const timer = this.#clock.every(seconds * 1_000, () => this.set({ level: null, name, seconds: undefined }));
    this.#timers.set(key, timer);
  }

  /** Forgets what was to go back: the process ends. */
  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}

export function sendLevels({ config, logs }: AdminSource, exchange: Exchange): void {
  const keys = [levelKey, ...[...config.keys(levelKey)].sort()];
  const { lost, waiting, trouble } = logs.sink;
  sendJson(exchange, {
    levels: keys.map((key) => {
      const { layer, layers } = config.explain(key);
      const level = config.get(key, key === levelKey ? "info" : "");
      return { name: key.slice(levelKey.length + 1), level, layer, reason: layers[0]?.reason ?? "" };
    }),
    output: { linesLost: lost, charactersWaiting: waiting, trouble: trouble ?? null },
  });
}

/** @throws OptionError by the path of what cannot be taken, and what `readJson` throws. */
export async function putLevel(source: AdminSource, setter: LevelSetter, exchange: Exchange): Promise<void> {
  const wanted = readWanted(await readJson(exchange));
  const { level, name, seconds } = wanted;
  // Before it counts: who reads the log later wonders why it fell silent.
  source.logs.log.warn("log.level.set", { level, name, seconds, from: exchange.req.socket.remoteAddress });
  setter.set(wanted);
  sendLevels(source, exchange);
}

function readWanted(body: unknown): Wanted {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new OptionError("body", 'an object such as {"level":"debug","name":"config","seconds":600}', body);
  }
  const { level, name, seconds, ...rest } = body as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new OptionError(unknown, "absent", rest[unknown]);
  const known = levelNames.find((one) => one === level);
  if (known === undefined && level !== null)
    throw new OptionError("level", `one of ${levelNames.join(", ")}, or null`, level);
  if (name !== undefined && (typeof name !== "string" || !/^[a-z][\w-]{0,40}(?:\.[\w-]{1,40}){0,5}$/i.test(name)))
    throw new OptionError("name", "the beginning of an event's name, such as config.value", name);
  const isFit = typeof seconds === "number" && Number.isInteger(seconds) && seconds >= 1 && seconds <= secondsMax;
  if (seconds !== undefined && !isFit)
    throw new OptionError("seconds", `a whole number from 1 to ${secondsMax}`, seconds);
  return { level: known ?? null, name, seconds: isFit ? seconds : undefined };
}
