import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@holdfast/testing";
import type { PeerView, RegistryProfile } from "@holdfast/wire";
import { ReadGate } from "../../src/compat/read-gate.ts";
import type { EurekaStore, StoreChange } from "../../src/compat/store.ts";

/** As much of a store as the gate looks at. */
class Standing {
  serving = false;
  size = 0;
  peerStates: PeerView["state"][] = ["up"];
  readonly #listeners = new Set<(change: StoreChange) => void>();

  peers(): PeerView[] {
    return this.peerStates.map((state, i) => {
      return { url: `http://peer-${i}:8761/`, state, reason: "", sinceMs: 0, queued: 0, roundTripMs: 0 };
    });
  }

  onChange(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  hear(by: string): void {
    this.size += 1;
    const change = { app: "api", id: "i-1", held: {}, before: undefined, by } as unknown as StoreChange;
    for (const listener of this.#listeners) listener(change);
  }
}

function setUp(profile: RegistryProfile): { clock: FakeClock; standing: Standing; gate: ReadGate } {
  const clock = new FakeClock();
  const standing = new Standing();
  return { clock, standing, gate: new ReadGate(clock, standing as unknown as EurekaStore, profile) };
}

function kinds(gate: ReadGate): string[] {
  return [gate.read(), gate.write()].map((answer) => (answer.kind === "refuse" ? String(answer.status) : answer.kind));
}

test("a registry that serves is open", () => {
  for (const profile of ["fast", "compat"] as const) {
    const { standing, gate } = setUp(profile);
    standing.serving = true;
    standing.size = 3;
    assert.deepEqual(kinds(gate), ["open", "open"]);
  }
});

test("one that still asks its peers takes what instances say, and sends readers to a peer that is up", () => {
  const { standing, gate } = setUp("fast");
  assert.deepEqual(gate.read(), { kind: "redirect", base: "http://peer-0:8761/" });
  assert.equal(gate.write().kind, "open");
  standing.peerStates = ["down", "connecting"];
  assert.deepEqual(kinds(gate), ["503", "open"]);
});

test("in profile compat it answers readers 403, as Netflix does", () => {
  assert.deepEqual(kinds(setUp("compat").gate), ["403", "open"]);
});

test("one that drains sends everybody to a peer that is up, and says so when there is none", () => {
  for (const profile of ["fast", "compat"] as const) {
    const { standing, gate } = setUp(profile);
    standing.serving = true;
    standing.hear("peer-0");
    assert.deepEqual(kinds(gate), ["open", "open"]);
    standing.serving = false;
    standing.peerStates = ["down", "up"];
    assert.deepEqual(gate.write(), { kind: "redirect", base: "http://peer-1:8761/" });
    assert.deepEqual(kinds(gate), ["redirect", "redirect"]);
    standing.peerStates = ["down"];
    assert.deepEqual(kinds(gate), ["503", "503"]);
  }
});

test("in profile compat a registry whose peers had nothing to tell answers no reader for five minutes", async () => {
  const { clock, standing, gate } = setUp("compat");
  standing.serving = true;
  assert.deepEqual(kinds(gate), ["403", "open"]);
  standing.hear("eureka");
  assert.deepEqual(kinds(gate), ["403", "open"]);
  await clock.advance(299_999);
  assert.deepEqual(kinds(gate), ["403", "open"]);
  await clock.advance(1);
  assert.deepEqual(kinds(gate), ["open", "open"]);
});

test("that wait ends when a peer tells something, and there is none without peers or in profile fast", () => {
  const { standing, gate } = setUp("compat");
  standing.serving = true;
  assert.deepEqual(kinds(gate), ["403", "open"]);
  standing.hear("peer-0");
  assert.deepEqual(kinds(gate), ["open", "open"]);

  const lonely = setUp("compat");
  lonely.standing.peerStates = [];
  lonely.standing.serving = true;
  assert.deepEqual(kinds(lonely.gate), ["open", "open"]);
  const fast = setUp("fast");
  fast.standing.serving = true;
  assert.deepEqual(kinds(fast.gate), ["open", "open"]);
});

test("what was there before the first answer counts as told by peers", () => {
  const { standing, gate } = setUp("compat");
  standing.hear("peer-0");
  standing.serving = true;
  assert.deepEqual(kinds(gate), ["open", "open"]);
});
