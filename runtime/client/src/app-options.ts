import type { Config } from "@holdfast/config";
import { type Log, withDefaults } from "@holdfast/kernel";
import type { ClientOptions } from "./options.ts";
import { type RibbonWatch, watchRibbonOptions } from "./ribbon/ribbon-keys.ts";
import type { RibbonResult } from "./ribbon/ribbon-options.ts";

/**
 * The options for calls of one app: the client's, over them what code says for the app, over that what the configuration
 * says by Ribbon's keys (`{app}.ribbon.{Key}`, `ribbon.{Key}`), now and whenever it changes.
 */
export class AppOptions {
  readonly #base: ClientOptions;
  readonly #watch: RibbonWatch | undefined;
  #inCode: Partial<ClientOptions>;
  #onChange: (options: ClientOptions) => void = () => {};
  #current: ClientOptions;

  constructor(base: ClientOptions, inCode: Partial<ClientOptions>, config: Config | undefined, app: string, log: Log) {
    this.#base = base;
    this.#inCode = inCode;
    this.#watch = config === undefined ? undefined : watchRibbonOptions(config, app, () => this.#changed(), log);
    this.#current = this.#workOut();
  }

  get current(): ClientOptions {
    return this.#current;
  }

  /** The time for a call as the configuration has it; `undefined`: it says nothing. */
  get configuredTimeoutMs(): number | undefined {
    return this.#watch?.current.options.timeoutMs;
  }

  onChange(listener: (options: ClientOptions) => void): void {
    this.#onChange = listener;
  }

  /** Code says more. */
  add(inCode: Partial<ClientOptions>): void {
    this.#inCode = { ...this.#inCode, ...inCode };
    this.#changed();
  }

  close(): void {
    this.#watch?.close();
  }

  #changed(): void {
    this.#current = this.#workOut();
    this.#onChange(this.#current);
  }

  #workOut(): ClientOptions {
    const inCode = withDefaults(this.#base, this.#inCode);
    const ribbon = this.#watch?.current;
    return ribbon === undefined ? inCode : withRibbon(inCode, ribbon);
  }
}

function withRibbon(options: ClientOptions, { options: by, extras }: RibbonResult): ClientOptions {
  const { tryTimeoutMs, retryAll, zoneAffinity, zoneExclusive, ejectAfter, warmUp } = extras;
  return {
    ...options,
    ...by,
    ...(tryTimeoutMs === undefined ? {} : { tryTimeoutMs }),
    ...(retryAll === undefined ? {} : { retryUnsafe: retryAll }),
    ...(zoneAffinity === false ? { zone: undefined } : {}),
    ...(zoneExclusive === undefined ? {} : { zoneOnly: zoneExclusive }),
    ...(ejectAfter === undefined ? {} : { outlier: { ...options.outlier, consecutiveLocalOriginFailure: ejectAfter } }),
    ...(warmUp === undefined ? {} : { warmUpPath: warmUp.path }),
  };
}
