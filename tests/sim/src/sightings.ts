import type { InstanceRecord } from "@holdfast/wire";
import type { RegistryLife, RegistryNode } from "./registry-node.ts";
import type { Onlooker } from "./world.ts";

/** An instance comes into a registry's view, changes there, or goes out of it. */
export interface Sighting {
  readonly node: RegistryNode;
  readonly life: RegistryLife;
  readonly key: string;
  /** As shown from now on; absent when it is gone. */
  readonly shown: InstanceRecord | undefined;
  /** As shown before; absent when it is new. */
  readonly before: InstanceRecord | undefined;
  /** `lease` when it expired here; else who did it. */
  readonly by: string;
}

/** Hears of every change of every registry's view at the moment it is made, and keeps a copy of each view made of that. */
export class Sightings implements Onlooker {
  readonly #note: (subject: string, text: string) => void;
  readonly #watchers: ((sighting: Sighting) => void)[] = [];
  readonly #views = new Map<string, Map<string, InstanceRecord>>();

  /** `note` writes the story. */
  constructor(note: (subject: string, text: string) => void) {
    this.#note = note;
  }

  onEach(watcher: (sighting: Sighting) => void): void {
    this.#watchers.push(watcher);
  }

  /** What a registry shows in its present life, by key, as told by its changes. */
  view(node: RegistryNode): ReadonlyMap<string, InstanceRecord> {
    return this.#views.get(node.name) ?? new Map();
  }

  onLife(node: RegistryNode, life: RegistryLife): void {
    const view = new Map<string, InstanceRecord>();
    this.#views.set(node.name, view);
    life.server.registry.onChange(({ app, id, held, by }) => {
      const key = `${app}/${id}`;
      const before = view.get(key);
      const shown = held === undefined ? undefined : { ...held.record, status: held.status };
      if (shown === undefined) view.delete(key);
      else view.set(key, shown);
      if (before === undefined || shown === undefined) {
        this.#note(key, `${node.name}: ${shown === undefined ? "gone" : "there"} by ${by}`);
      }
      for (const watcher of this.#watchers) watcher({ node, life, key, shown, before, by });
    });
  }
}
