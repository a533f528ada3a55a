import type { Accuse, Check } from "../judge.ts";
import { isRenewing } from "../ledger.ts";
import type { RegistryNode } from "../registry-node.ts";
import type { Scene } from "../scene.ts";

const leaseMs = 9_000;
/** Those cut off at one moment expire within a third of a lease. */
const togetherMs = 3_000;
/** Too few to speak of a mass. */
const massMin = 3;
/** In calm of so long everybody hears of everybody. */
const calmMs = 15_000;
/** A call there and back where messages are late. */
const contradictedMs = 2_500;

interface Loss {
  readonly key: string;
  readonly atMs: number;
}

/** A registry does not take the living for dead: in calm never one, after a pause of its own none, and never a mass. */
export function evictions(scene: Scene, accuse: Accuse): Omit<Check, "name"> {
  const { world, ledger, sightings, calm } = scene;
  const losses = new Map<string, Loss[]>();
  /** When any registry last let go of it. */
  const evictedAtMs = new Map<string, number>();
  /** The registry's own monotonic time at which it last went on after standing still. */
  const wokeAtMs = new Map<RegistryNode, number>();

  world.onlookers.push({
    onLife: (node) => {
      wokeAtMs.delete(node);
      for (const at of losses.keys()) if (at.startsWith(`${node.name} `)) losses.delete(at);
    },
    onWake: (machine, stillMs) => {
      const node = world.nodes.get(machine.name);
      // A shorter pause than it notices costs no heartbeat.
      if (node !== undefined && stillMs > 3_500) wokeAtMs.set(node, machine.monotonicMs());
    },
  });

  sightings.onEach(({ node, key, shown, by }) => {
    const entry = ledger.entry(key);
    if (shown !== undefined || entry === undefined) return;
    const nowMs = node.machine.monotonicMs();
    const woke = wokeAtMs.get(node);
    if (by === "lease" && woke !== undefined && nowMs - woke < leaseMs - 500) {
      const sinceMs = Math.round(nowMs - woke);
      accuse(`registry ${node.name} evicts ${key} ${sinceMs} ms after a pause of its own`, key, node.name);
    }
    // Gone by its own word, or because nobody heard of it?
    const isUnheard = by === "lease" || world.nodes.has(by);
    if (!isUnheard || entry.removedAtMs !== undefined || !isRenewing(entry, world.nowMs())) return;
    if (by === "lease") evictedAtMs.set(key, world.nowMs());
    if (calm.forMs > calmMs) accuse(`registry ${node.name} loses ${key}, which renews, in calm`, key, node.name);
    // What a peer let go of over a while, and tells when it can, is no loss at once.
    if (world.nowMs() - (evictedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < togetherMs) count(node, key);
  });

  const count = (node: RegistryNode, key: string): void => {
    const [app = ""] = key.split("/");
    const at = `${node.name} ${app}`;
    const nowMs = world.nowMs();
    // One that is back by word of another registry was not lost.
    const isLost = (loss: Loss): boolean =>
      nowMs - loss.atMs < togetherMs && loss.key !== key && !sightings.view(node).has(loss.key);
    const before = (losses.get(at) ?? []).filter(isLost);
    const shown = [...sightings.view(node).keys()].filter((other) => other.startsWith(`${app}/`)).length;
    const all = [...before, { key, atMs: nowMs }];
    losses.set(at, all);
    const size = shown + all.length;
    if (size < massMin || all.length * 2 <= size) return;
    const what = `${all.length} of ${size} instances of ${app} within ${togetherMs} ms, all of which renew`;
    const message = `registry ${node.name} loses ${what}: ${all.map((loss) => loss.key).join(", ")}`;
    // Where messages get lost a peer may not have heard for a lease; told of the end, the one that has puts it right.
    const { loss, tail } = world.network.weather;
    if (loss === 0 && tail === 0) return accuse(message, key, node.name);
    world.queue.after(contradictedMs, () => {
      if (node.machine.isStill || all.some((one) => sightings.view(node).has(one.key))) return;
      if (losses.get(at) === all) accuse(`${message}, for ${contradictedMs} ms`, key, node.name);
    });
  };
  return { look: () => {} };
}
