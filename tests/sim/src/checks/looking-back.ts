import { formatCursor, type InstanceRecord } from "@holdfast/wire";
import type { Accuse, Check } from "../judge.ts";
import type { RegistryLife, RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

/** A registry's view is written down each so many looks, … */
const everyLooks = 11;
/** … and so many are compared with what it says of then. */
const keptMax = 18;
/** Between two looks. */
const agoMs = 250;

interface Page {
  readonly life: RegistryLife;
  readonly cursor: string;
  /** By the registry's own wall clock, when nothing has changed around then. */
  readonly wallMs: number | undefined;
  readonly shown: string;
}

/** What a registry says it showed at a cursor, or at a moment, is what it showed. */
export function lookingBack(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world } = scene;
  const pages: Page[] = [];
  const cursors = new Map<RegistryNode, string>();
  let looks = 0;

  const look = (): void => {
    looks += 1;
    const nodes = [...world.nodes.values()];
    const node = nodes[Math.floor(looks / everyLooks) % nodes.length];
    if (node?.life === undefined) return;
    if (looks % everyLooks === everyLooks - 1) compareAll(node, node.life);
    const cursor = formatCursor(node.life.server.registry.cursor);
    if (looks % everyLooks === everyLooks - 1) write(node, node.life, cursor);
    cursors.set(node, cursor);
  };

  const write = (node: RegistryNode, life: RegistryLife, cursor: string): void => {
    const isQuiet = cursors.get(node) === cursor && !node.machine.isStill;
    const wallMs = isQuiet ? node.machine.wallMs() - agoMs : undefined;
    const shown = textOf(life.server.registry.records());
    pages.push({ life, cursor, wallMs, shown });
    if (pages.length > keptMax) pages.shift();
  };

  const compareAll = (node: RegistryNode, life: RegistryLife): void => {
    const { registry } = life.server;
    for (const page of pages) {
      if (page.life !== life) continue;
      const [, , sequence = "0"] = page.cursor.split(":");
      compare(node, page.cursor, registry.recordsAt({ ...registry.cursor, sequence: Number(sequence) }), page);
      // A clock that jumped passes some moments twice, and others never.
      const isSteady = node.machine.jumpedAtMs < life.startedAtMs;
      if (page.wallMs !== undefined && isSteady) compare(node, `${page.wallMs}`, registry.recordsAt(page.wallMs), page);
    }
  };

  const compare = (node: RegistryNode, when: string, then: readonly InstanceRecord[], page: Page): void => {
    if (textOf(then) === page.shown) return;
    accuse(`registry ${node.name} says it showed ${textOf(then)} at ${when}, and it showed ${page.shown}`, node.name);
  };
  return { look };
}

function textOf(records: readonly InstanceRecord[]): string {
  return records
    .map(({ app, id, status, incarnation }) => `${app}/${id} ${incarnation > 0 ? incarnation : ""} ${status}`)
    .sort()
    .join(", ");
}
