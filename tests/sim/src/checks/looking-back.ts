import { formatCursor, type InstanceRecord } from "@holdfast/wire";
import type { Accuse, Check } from "../judge.ts";
import type { RegistryLife } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** A registry's view is written down each so many looks, … */
const everyLooks = 11;
/** … and so many are compared with what it says of then. */
const keptMax = 6;

interface Page {
  readonly life: RegistryLife;
  readonly cursor: string;
  readonly shown: string;
}

/** What a registry says it showed at a cursor is what it showed. */
export function lookingBack(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world } = scene;
  const pages: Page[] = [];
  let looks = 0;

  const look = (): void => {
    looks += 1;
    if (looks % everyLooks !== 0) return;
    const nodes = [...world.nodes.values()];
    const node = nodes[(looks / everyLooks) % nodes.length];
    if (node?.life === undefined) return;
    const { life } = node;
    const { registry } = life.server;
    for (const page of pages) {
      if (page.life !== life) continue;
      const [, , sequence = "0"] = page.cursor.split(":");
      const then = registry.recordsAt({ ...registry.cursor, sequence: Number(sequence) });
      if (textOf(then) === page.shown) continue;
      accuse(
        `registry ${node.name} says it showed ${textOf(then)} at ${page.cursor}, and it showed ${page.shown}`,
        node.name,
      );
    }
    pages.push({ life, cursor: formatCursor(registry.cursor), shown: textOf(registry.records()) });
    if (pages.length > 3 * keptMax) pages.shift();
  };
  return { look };
}

function textOf(records: readonly InstanceRecord[]): string {
  return records
    .map(({ app, id, status, incarnation }) => `${app}/${id} ${incarnation > 0 ? incarnation : ""} ${status}`)
    .sort()
    .join(", ");
}
