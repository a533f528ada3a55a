import type { Clock, Log } from "@holdfast/kernel";
import type { EurekaCall } from "./eureka-call.ts";
import { appKey } from "./keys.ts";
import { RemoteRegion } from "./remote-region.ts";
import type { Held, StoreChange } from "./store.ts";

export interface RemoteRegionsOptions {
  /** Region → names of the apps that may be seen of it; `global` for those not named. Absent: all apps. */
  readonly apps?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Look for an app that nobody has here in the other regions. Netflix's default. */
  readonly transparentFallback: boolean;
  /** Netflix's `remoteRegion.registryFetchIntervalInSeconds`, in ms. */
  readonly intervalMs: number;
}

export const remoteRegionsDefaults: RemoteRegionsOptions = { transparentFallback: true, intervalMs: 30_000 };

/** What is registered in other regions, for `?regions=` and for apps that nobody has here. */
export class RemoteRegions {
  readonly #regions: ReadonlyMap<string, RemoteRegion>;
  readonly #listeners = new Set<(region: string, change: StoreChange) => void>();
  readonly #options: RemoteRegionsOptions;

  constructor(
    clock: Clock,
    log: Log,
    call: EurekaCall,
    urls: Readonly<Record<string, string>>,
    options: Partial<RemoteRegionsOptions> = {},
  ) {
    this.#options = { ...remoteRegionsDefaults, ...options };
    const { intervalMs, apps } = this.#options;
    this.#regions = new Map(
      Object.entries(urls).map(([given, url]) => {
        const name = given.toLowerCase();
        const names = apps?.[given] ?? apps?.["global"];
        const allowed = names === undefined ? undefined : new Set(names.map(appKey));
        const emit = (change: StoreChange): void => {
          for (const listener of this.#listeners) listener(name, change);
        };
        return [name, new RemoteRegion(clock, log, call, { name, url, apps: allowed, intervalMs }, emit)];
      }),
    );
  }

  /** Begins to fetch. */
  start(): void {
    for (const region of this.#regions.values()) void region.run();
  }

  close(): void {
    for (const region of this.#regions.values()) region.close();
    this.#listeners.clear();
  }

  /** True once each region has been fetched: until then Eureka answers no question that asks for regions. */
  get ready(): boolean {
    for (const region of this.#regions.values()) if (!region.ready) return false;
    return true;
  }

  /** Those of `names` that are configured here. */
  known(names: readonly string[]): RemoteRegion[] {
    return names.flatMap((name) => this.#regions.get(name) ?? []);
  }

  /** The instances of an app that nobody has here, of the first region that has any. */
  fallback(app: string): Held[] {
    if (!this.#options.transparentFallback) return [];
    for (const region of this.#regions.values()) {
      const found = [...region.instancesOf(app)];
      if (found.length > 0) return found;
    }
    return [];
  }

  fallbackInstance(app: string, id: string): Held | undefined {
    return this.fallback(app).find((held) => held.record.id === id);
  }

  onChange(listener: (region: string, change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
