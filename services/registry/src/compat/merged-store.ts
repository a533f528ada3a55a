import type { InstanceRecord, PeerView, PreservationView } from "@holdfast/wire";
import type { RemoteRegion } from "./remote-region.ts";
import type { RemoteRegions } from "./remote-regions.ts";
import type { EurekaStore, Held, StoreChange, Unstamped } from "./store.ts";

/** This region's registry together with those of other regions, to read. What is written goes to this region's. */
export class MergedStore implements EurekaStore {
  readonly #local: EurekaStore;
  readonly #remote: RemoteRegions;
  readonly #regions: readonly RemoteRegion[];

  constructor(local: EurekaStore, remote: RemoteRegions, regions: readonly RemoteRegion[]) {
    this.#local = local;
    this.#remote = remote;
    this.#regions = regions;
  }

  get serving(): boolean {
    return this.#local.serving;
  }

  get startedAtMs(): number {
    return this.#local.startedAtMs;
  }

  get size(): number {
    let size = 0;
    for (const _held of this.list()) size += 1;
    return size;
  }

  get(app: string, id: string): InstanceRecord | undefined {
    const held = this.find(app, id);
    return held === undefined ? undefined : { ...held.record, status: held.status };
  }

  find(app: string, id: string): Held | undefined {
    const local = this.#local.find(app, id);
    if (local !== undefined) return local;
    for (const region of this.#regions) {
      const held = region.find(app, id);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  /** The same id in two regions is listed once: as this region has it, or the first that was asked for. */
  *list(app?: string): Iterable<Held> {
    const names = app === undefined ? this.apps() : [app];
    for (const name of names) {
      const seen = new Set<string>();
      for (const instances of [this.#local.list(name), ...this.#regions.map((region) => region.instancesOf(name))]) {
        for (const held of instances) {
          if (seen.has(held.record.id)) continue;
          seen.add(held.record.id);
          yield held;
        }
      }
    }
  }

  apps(): readonly string[] {
    const names = new Set(this.#local.apps());
    for (const region of this.#regions) for (const name of region.appNames) names.add(name);
    return [...names].sort();
  }

  onChange(listener: (change: StoreChange) => void): () => void {
    const names = new Set(this.#regions.map((region) => region.name));
    const stopLocal = this.#local.onChange((change) => listener(this.#visible(change)));
    const stopRemote = this.#remote.onChange((region, change) => {
      // Hidden by what this region says of the same instance.
      if (names.has(region) && this.#local.find(change.app, change.id) === undefined) listener(this.#visible(change));
    });
    return () => {
      stopLocal();
      stopRemote();
    };
  }

  put(record: Unstamped, by: string): void {
    this.#local.put(record, by);
  }

  renew(app: string, id: string, by: string): InstanceRecord | undefined {
    return this.#local.renew(app, id, by);
  }

  cancel(app: string, id: string, by: string): boolean {
    return this.#local.cancel(app, id, by);
  }

  setOverride(app: string, id: string, status: Held["status"], by: string, reason: string): boolean {
    return this.#local.setOverride(app, id, status, by, reason);
  }

  clearOverride(app: string, id: string, by: string): boolean {
    return this.#local.clearOverride(app, id, by);
  }

  setOwnStatus(app: string, id: string, status: Held["status"], by: string): boolean {
    return this.#local.setOwnStatus(app, id, status, by);
  }

  peers(): readonly PeerView[] {
    return this.#local.peers();
  }

  preservation(): PreservationView {
    return this.#local.preservation();
  }

  /** What goes in one place may come to light in another. */
  #visible(change: StoreChange): StoreChange {
    return change.held === undefined ? { ...change, held: this.find(change.app, change.id) } : change;
  }
}
