import type { ServerList } from "@holdfast/discovery";
import type { InstanceRecord } from "@holdfast/wire";

const none: readonly InstanceRecord[] = Object.freeze([]);

/**
 * Several lists as one, strongest first: an app's servers come from the first that knows an instance of it, whatever its
 * status, and never from two at a time. So with the registry, then a written list, then DNS: an app that is deregistered as
 * a whole goes on with the written list. The lists stay their owner's, who closes them.
 */
export function combinedServers(...sources: readonly ServerList[]): ServerList {
  const instances = (app: string): readonly InstanceRecord[] => {
    for (const source of sources) {
      const list = source.instances(app);
      if (list.length > 0) return list;
    }
    return none;
  };
  return {
    instances,
    apps: () => [...new Set(sources.flatMap((source) => source.apps()))],
    subscribe: (onChange) => {
      const leaves = sources.map((source, i) =>
        source.subscribe((changed) => {
          const seen = [...changed].filter((app) => !isHidden(sources, i, app));
          if (seen.length > 0) onChange(new Set(seen));
        }),
      );
      return () => {
        for (const leave of leaves) leave();
      };
    },
    ready: (timeoutMs) => allReady(sources, timeoutMs),
  };
}

/** Does a stronger list than the `i`th know the app? Then nobody sees what changes in the `i`th. */
function isHidden(sources: readonly ServerList[], i: number, app: string): boolean {
  return sources.slice(0, i).some((source) => source.instances(app).length > 0);
}

/** A list that is not ready in time is no reason to wait longer, nor, while another one is, to fail. */
async function allReady(sources: readonly ServerList[], timeoutMs: number): Promise<void> {
  const ends = await Promise.allSettled(sources.map((source) => source.ready?.(timeoutMs) ?? Promise.resolve()));
  const failed = ends.filter((end) => end.status === "rejected");
  if (failed[0] !== undefined && failed.length === ends.length) throw failed[0].reason;
}
