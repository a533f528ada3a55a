import type { Config, Value } from "@holdfast/config";
import { type Log, silentLog } from "@holdfast/kernel";
import { optionsOf, type RibbonResult, ribbonOptions } from "./ribbon-options.ts";
import { checkedRibbonValues } from "./ribbon-values.ts";

/**
 * The options that Ribbon's keys written in code stand for: `ribbonOptionsInCode({ ConnectTimeout: 200 })`.
 *
 * @throws OptionError by `ribbon.{Key}` for what is not fit, and for keys that are unknown or without effect.
 */
export function ribbonOptionsInCode(
  values: Readonly<Record<string, Value | undefined>>,
): Pick<RibbonResult, "options" | "extras"> {
  return optionsOf(checkedRibbonValues(values));
}

/** Ribbon's keys for one client while the configuration changes. */
export interface RibbonWatch {
  /** As of the last change. */
  readonly current: RibbonResult;
  close(): void;
}

/**
 * {@link ribbonOptions} now and whenever they change: `onChange` gets them when options or extras differ from before. What
 * has no effect is logged, once for each key and reason.
 */
export function watchRibbonOptions(
  config: Config,
  client: string,
  onChange: (result: RibbonResult) => void,
  log: Log = silentLog,
): RibbonWatch {
  /** The last reason by key: no more than there are keys, however often a value changes. */
  const said = new Map<string, string>();
  const read = (): RibbonResult => {
    const result = ribbonOptions(config, client);
    for (const { key, kind, why } of result.unknown) {
      if (said.get(key) === why) continue;
      said.set(key, why);
      if (kind === "idle") log.info("ribbon.key.idle", { client, key, why });
      else log.warn(`ribbon.key.${kind}`, { client, key, why });
    }
    return result;
  };
  let current = read();
  const leave = config.watch((key) => {
    if (!concerns(client, key)) return;
    const before = current;
    current = read();
    if (effectOf(before) !== effectOf(current)) onChange(current);
  });
  return {
    get current() {
      return current;
    },
    close: leave,
  };
}

const shared = ["ribbon.", "niws.loadbalancer.", "zoneawareniwsdiscoveryloadbalancer."];

function concerns(client: string, key: string): boolean {
  const lower = key.toLowerCase();
  return lower.startsWith(`${client.toLowerCase()}.ribbon.`) || shared.some((prefix) => lower.startsWith(prefix));
}

/** Everything in them is plain data, made in the same order each time. */
function effectOf({ options, extras }: RibbonResult): string {
  return JSON.stringify([options, extras]);
}
