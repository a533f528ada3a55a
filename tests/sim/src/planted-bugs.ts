import type { Mutation } from "./mutation.ts";

const registry = "services/registry/src";
const discovery = "runtime/discovery/src";

/** Bugs that a simulation worth its time finds; each was one, or might be one day. */
export const plantedBugs: readonly Mutation[] = [
  {
    name: "removals are not remembered",
    file: `${registry}/lease-book.ts`,
    find: "this.tombstones.put(tombstone);",
    replace: "",
  },
  {
    name: "removals are not told to the peers",
    file: `${registry}/lease-book.ts`,
    find: "if (tell) this.#observer.tell(removalOf(tombstone, nowMs));",
    replace: "",
  },
  {
    name: "a full exchange leaves removals out",
    file: `${registry}/replicas.ts`,
    find: "if (isWanted(tombstone.hash)) replicas.push(removalOf(tombstone, nowMs));",
    replace: "",
  },
  {
    name: "a full exchange leaves overrides out",
    file: `${registry}/replicas.ts`,
    find: "for (const override of known.overrides.replicas(nowMs, isWanted)) replicas.push(override);",
    replace: "",
  },
  {
    name: "the age of what a peer says is ignored",
    file: `${registry}/merging.ts`,
    find: "renewedAtMs: nowMs - ageMs, via,",
    replace: "renewedAtMs: nowMs, via,",
  },
  {
    name: "an older account replaces a later one",
    file: `${registry}/lease.ts`,
    find: "if (isNewer(a, b)) return true;\n  return a !== b",
    replace: "if (isNewer(b, a)) return true;\n  return a !== b",
  },
  {
    name: "an expired lease does not yield to a later renewal",
    file: `${registry}/lease.ts`,
    find: "return removal.renewedAtMs !== undefined && renewedAtMs > removal.renewedAtMs + sameRenewalMs;",
    replace: "return false;",
  },
  {
    name: "a pause of its own is not forgiven",
    file: `${registry}/lease-times.ts`,
    find: "this.#pausedUntilMs = nowMs;",
    replace: "",
  },
  {
    name: "a registry that hears no peer keeps nothing it knew through them",
    file: `${registry}/expiry.ts`,
    find: "direct: via === undefined, via,",
    replace: "direct: true, via: undefined,",
  },
  {
    name: "with a peer unheard what was known through it is let go",
    file: `${registry}/preservation.ts`,
    find: "if (sinceMs !== undefined && nowMs - sinceMs <= this.#options.holdMaxMs) {",
    replace: "if (sinceMs !== undefined && nowMs < 0) {",
  },
  {
    name: "with a peer unheard an app may lose everybody at once",
    file: `${registry}/preservation.ts`,
    find: "|| silent * 2 <= total",
    replace: "|| silent <= total",
  },
  {
    name: "renewals are not told to the peers",
    file: `${registry}/peer-link.ts`,
    find: "this.#outbox.renewed(key);\n  }",
    replace: "}",
  },
  {
    name: "a call that failed is not noticed",
    file: `${registry}/peer-link.ts`,
    find: "if (answer.agrees !== undefined) this.#compare(answer.agrees);\n    } catch (error) {\n      this.#fail(error);",
    replace: "if (answer.agrees !== undefined) this.#compare(answer.agrees);\n    } catch {",
  },
  {
    name: "a registry serves before its peers have told it anything",
    file: `${registry}/registry.ts`,
    find: "while (!this.#parts.peers.haveTold) {",
    replace: "while (false) {",
  },
  {
    name: "a cursor of an earlier life is believed",
    file: `${registry}/history.ts`,
    find: "cursor.epoch !== this.#epoch || ",
    replace: "",
  },
  {
    name: "a stream that resumes misses the first change",
    file: `${registry}/history.ts`,
    find: "return this.#slice(sequence + 1);",
    replace: "return this.#slice(sequence + 2);",
  },
  {
    name: "stamps go by the machine's own wall clock",
    file: `${registry}/cluster-clock.ts`,
    find: "if (aheadMs > 0) this.#offsetMs += aheadMs;",
    replace: "",
  },
  {
    name: "an earlier override outweighs a later one",
    file: `${registry}/overrides.ts`,
    find: ": a.stamp > b.stamp;",
    replace: ": a.stamp < b.stamp;",
  },
  {
    name: "a registry that has just restarted empties its listeners",
    file: `${discovery}/held-back.ts`,
    find: "if (untilMs > nowMs) held.set(key, untilMs);",
    replace: "",
  },
  {
    name: "an instance that a registry does not know does not register again",
    file: `${discovery}/registration.ts`,
    find: 'if (answer === "renewed" || !this.#isClaiming) return;',
    replace: 'if (answer !== "older" || !this.#isClaiming) return;',
  },
  {
    name: "a listener whose stream is silent waits for ever",
    file: `${discovery}/registry-stream.ts`,
    find: "else this.#end(`${what} for ${ms} ms`);",
    replace: "",
  },
];
