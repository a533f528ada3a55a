import type { TraceSpan } from "@holdfast/wire";
import type { StoredSpan } from "./stored-span.ts";
import { rounded } from "./stored-trace.ts";

/** OTLP's numbers. */
const kinds: readonly TraceSpan["kind"][] = ["internal", "internal", "server", "client", "producer", "consumer"];

const serverKind = 2;
const clientKind = 3;

interface Node {
  readonly span: StoredSpan;
  readonly children: Node[];
  orphan: boolean;
  critical: boolean;
}

/**
 * Spans in the order of a waterfall: each below its parent, children by their begin. A server's span may have the id of its
 * caller's (B3): it then is below it. Parents that lie in a circle are cut.
 */
export function treeOf(spans: readonly StoredSpan[]): TraceSpan[] {
  const nodes = spans.map((span): Node => ({ span, children: [], orphan: false, critical: false }));
  const roots = link(
    nodes.toSorted((a, b) => a.span.startMs - b.span.startMs || b.span.durationMs - a.span.durationMs),
  );
  const beganMs = Math.min(...spans.map(({ startMs }) => startMs));
  const main = roots.toSorted((a, b) => Number(a.orphan) - Number(b.orphan) || endOf(b) - endOf(a))[0];
  if (main !== undefined) markCritical(main);
  const tree: TraceSpan[] = [];
  // Not by recursion: a trace may be 2,000 deep.
  const rest = roots.toReversed().map((node) => ({ node, depth: 0 }));
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { node, depth } = next;
    tree.push(shown(node, depth, beganMs));
    for (const child of node.children.toReversed()) rest.push({ node: child, depth: depth + 1 });
  }
  return tree;
}

/** Hangs each below its parent and gives those that have none. */
function link(nodes: readonly Node[]): Node[] {
  const byId = new Map<string, Node[]>();
  for (const node of nodes) {
    const same = byId.get(node.span.spanId) ?? [];
    byId.set(node.span.spanId, same);
    same.push(node);
  }
  const parents = new Map<Node, Node>();
  const roots: Node[] = [];
  for (const node of nodes) {
    const parent = parentOf(node, byId);
    if (parent !== undefined && !isBelow(parent, node, parents)) {
      parents.set(node, parent);
      parent.children.push(node);
    } else {
      node.orphan = node.span.parentSpanId !== "";
      roots.push(node);
    }
  }
  return roots;
}

function parentOf(node: Node, byId: ReadonlyMap<string, readonly Node[]>): Node | undefined {
  const { span } = node;
  const shared = byId.get(span.spanId)?.find((other) => other !== node && other.span.kind === clientKind);
  if (shared !== undefined && span.kind === serverKind) return shared;
  if (span.parentSpanId === "") return undefined;
  const found = byId.get(span.parentSpanId) ?? [];
  // Of two with that id the server's is the one that has children in its process.
  return found.find((other) => other.span.origin.service === span.origin.service && other !== node) ?? found[0];
}

function isBelow(node: Node, other: Node, parents: ReadonlyMap<Node, Node>): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = parents.get(at)) if (at === other) return true;
  return false;
}

/**
 * From its end backwards: the child that ended last was waited for; before it began, the one that ended last before that; and
 * so on within each (as Uber's CRISP and Jaeger do). Children that end after their parent were not waited for.
 */
function markCritical(root: Node): void {
  const rest = [{ node: root, untilMs: endOf(root) }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { node } = next;
    node.critical = true;
    let { untilMs } = next;
    for (const child of node.children.toSorted((a, b) => endOf(b) - endOf(a))) {
      if (endOf(child) > untilMs && !wasWaitedFor(child, node, untilMs)) continue;
      rest.push({ node: child, untilMs: endOf(child) });
      untilMs = child.span.startMs;
    }
  }
}

/** Clocks are rounded, and those of two machines differ: an answer that was waited for cannot have come after it was there. */
function wasWaitedFor({ span }: Node, parent: Node, untilMs: number): boolean {
  if (span.startMs + span.durationMs <= untilMs + 0.1) return true;
  return span.kind === serverKind && parent.span.kind === clientKind;
}

function endOf({ span }: Node): number {
  return span.startMs + span.durationMs;
}

function shown(node: Node, depth: number, beganMs: number): TraceSpan {
  const { span, orphan, critical } = node;
  const { origin } = span;
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    orphan,
    depth,
    name: span.name,
    kind: kinds[span.kind] ?? "internal",
    service: origin.service,
    instance: origin.instance,
    zone: origin.zone,
    startMs: rounded(span.startMs - beganMs),
    durationMs: rounded(span.durationMs),
    selfMs: rounded(selfMs(node)),
    critical,
    error: span.error,
    message: span.message,
    attributes: span.attributes,
    events: span.events.map(({ name, atMs, attributes }) => ({ name, atMs: rounded(atMs - beganMs), attributes })),
  };
}

/** Its time less what its children cover of it; where they overlap, once. */
function selfMs(node: Node): number {
  const endMs = endOf(node);
  let covered = 0;
  let atMs = node.span.startMs;
  for (const child of node.children) {
    const fromMs = Math.max(atMs, child.span.startMs);
    const toMs = Math.min(endMs, endOf(child));
    if (toMs <= fromMs) continue;
    covered += toMs - fromMs;
    atMs = toMs;
  }
  return Math.max(0, node.span.durationMs - covered);
}
