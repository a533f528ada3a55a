import type { InstanceRecord } from "@holdfast/wire";
import type { Accuse, Check } from "../judge.ts";
import type { Scene } from "../scene.ts";
import type { Listener } from "../world.ts";

/** After a registry's restart what it does not name is kept for 10 s; one looks for one's own zone's each 30 s. */
const calmMs = 25_000;
const eurekaCalmMs = 100_000;
/** Pushed; or polled each 3 s. */
const graceMs = { native: 1_000, eureka: 4_500 } as const;
/** An app of so many that stay is not to vanish from a view. */
const solidMin = 3;
const solidMs = 30_000;

/** Every listener sees what its registry shows, and never loses an app whose instances go on. */
export function listeners(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, calm, hearing } = scene;
  const differs = new Map<string, { readonly message: string; readonly sinceMs: number }>();
  const emptySeen = new Set<string>();

  const look = (): void => {
    for (const listener of world.listeners.values()) {
      if (listener.machine.isStill || listener.process.ended) continue;
      if (calm.forMs >= calmMs) lookInCalm(listener);
      else differs.delete(listener.name);
      lookForVoids(listener);
    }
  };

  const lookInCalm = (listener: Listener): void => {
    const { state } = listener.discovery;
    const found =
      state.kind === "live"
        ? differenceFrom(listener, state.registry)
        : { key: listener.name, message: `it is ${state.kind}`, isExtra: true };
    // What a registry that does not say its age does not name is kept for 90 s.
    // And one that was slow to answer is asked less and less often, down to each half minute.
    const isKept = found?.isExtra === true && listener.kind === "eureka" && calm.forMs < eurekaCalmMs;
    const why = isKept ? undefined : found;
    const { name } = listener;
    const known = differs.get(name);
    if (why === undefined) return void differs.delete(name);
    // Another difference has its own time.
    const sinceMs = known?.message === why.message ? known.sinceMs : world.nowMs();
    differs.set(name, { message: why.message, sinceMs });
    const forMs = world.nowMs() - sinceMs;
    if (forMs >= graceMs[listener.kind]) accuse(`listener ${name}: ${why.message}, for ${forMs} ms`, why.key, name);
  };

  const differenceFrom = ({ discovery }: Listener, url: string): Difference | undefined => {
    const node = world.node(new URL(url).hostname);
    const theirs = new Map((node.registry?.records() ?? []).map((record) => [keyOf(record), record]));
    const ours = discovery.apps().flatMap((app) => discovery.instances(app));
    for (const record of ours) {
      const key = keyOf(record);
      const shown = theirs.get(key);
      theirs.delete(key);
      if (shown === undefined)
        return { key, message: `sees ${key}, which registry ${node.name} does not show`, isExtra: true };
      if (shown.status !== record.status || shown.metadata["host"] !== record.metadata["host"]) {
        return { key, message: `sees ${key} ${record.status}, which registry ${node.name} shows ${shown.status}` };
      }
    }
    const [key] = theirs.keys();
    return key === undefined ? undefined : { key, message: `does not see ${key}, which registry ${node.name} shows` };
  };

  /** Not one of three and more that have been there all the time is seen. */
  const lookForVoids = ({ name, discovery }: Listener): void => {
    const { state } = discovery;
    if (state.kind !== "live") return;
    const node = world.node(new URL(state.registry).hostname);
    const solid = new Map<string, number>();
    for (const owner of world.owners) {
      const { app } = owner.identity;
      const isSteady = owner.isRunning && world.nowMs() - owner.changedAtMs > solidMs;
      if (isSteady && hearing.forMs(node, owner) > solidMs) solid.set(app, (solid.get(app) ?? 0) + 1);
    }
    for (const app of discovery.apps()) emptySeen.add(`${name} ${app}`);
    for (const [app, count] of solid) {
      if (count < solidMin || discovery.instances(app).length > 0 || !emptySeen.has(`${name} ${app}`)) continue;
      accuse(`listener ${name} sees nothing of ${app}, of which ${count} instances go on`, name);
    }
  };
  return { look };
}

interface Difference {
  readonly key: string;
  readonly message: string;
  /** It sees more than it should, or asks nobody. */
  readonly isExtra?: boolean;
}

function keyOf({ app, id }: InstanceRecord): string {
  return `${app}/${id}`;
}
