import type { Gauge } from "../meters/gauge.ts";
import type { Tags } from "../meters/tags.ts";
import type { MeterRegistry } from "../registry/meter-registry.ts";

/** Those who feed one gauge, and the way to end it. */
interface Poll {
  readonly values: Set<() => number>;
  readonly end: () => void;
}

const polls = new WeakMap<Gauge, Poll>();

/**
 * A gauge whose value is asked for when somebody reads (Spectator's PolledMeter): no timer, no cost between reads. Several
 * for one name and tags are added up. Returns the way to end it; ended, the gauge stays for its 15 min.
 */
export function pollValue(meters: MeterRegistry, name: string, tags: Tags, value: () => number): () => void {
  const gauge = meters.gauge(name, tags);
  const poll = polls.get(gauge) ?? begin(meters, gauge);
  poll.values.add(value);
  return () => {
    poll.values.delete(value);
    if (poll.values.size > 0) return;
    poll.end();
    polls.delete(gauge);
  };
}

function begin(meters: MeterRegistry, gauge: Gauge): Poll {
  const values = new Set<() => number>();
  const end = meters.beforeRead(() => {
    let sum = 0;
    for (const value of values) sum += value();
    gauge.set(sum);
  });
  const poll = { values, end };
  polls.set(gauge, poll);
  return poll;
}

/**
 * A counter that follows a number which only grows, such as how many jobs a library says it did: each read adds what is new.
 * The value at the beginning is where counting begins. Returns the way to end it.
 */
export function pollMonotonic(meters: MeterRegistry, name: string, tags: Tags, total: () => number): () => void {
  const counter = meters.counter(name, tags);
  let before = total();
  return meters.beforeRead(() => {
    const now = total();
    counter.increment(now - before);
    before = now;
  });
}
