import assert from "node:assert/strict";
import { test } from "node:test";
import { isQuiet, type LiveState, nextLiveState, quietMaxMs, reconnectDelayMs } from "../src/api/live-state.ts";

const live: LiveState = { kind: "live", heardAtMs: 1_000 };

test("an outage is as old as its first loss, however many attempts failed since", () => {
  const first = nextLiveState(live, "lost", 2_000);
  const second = nextLiveState(first, "lost", 9_000);
  assert.deepEqual(second, { kind: "reconnecting", sinceMs: 2_000, heardAtMs: 1_000 });
});

test("a page that never got through has nothing it heard", () => {
  const state = nextLiveState({ kind: "connecting" }, "lost", 500);
  assert.deepEqual(state, { kind: "reconnecting", sinceMs: 500, heardAtMs: undefined });
});

test("a message ends an outage", () => {
  const down = nextLiveState(live, "lost", 2_000);
  assert.deepEqual(nextLiveState(down, "opened", 3_000), { kind: "live", heardAtMs: 3_000 });
});

test("a page in the background rests only from a live connection, and connects again when shown", () => {
  const down = nextLiveState(live, "lost", 2_000);
  assert.equal(nextLiveState(down, "hidden", 3_000), down);
  const resting = nextLiveState(live, "hidden", 3_000);
  assert.deepEqual(resting, { kind: "resting", heardAtMs: 1_000 });
  assert.deepEqual(nextLiveState(resting, "shown", 4_000), { kind: "connecting" });
});

test("a connection is quiet after ten seconds without a message, and only a live one", () => {
  assert.equal(isQuiet(live, 1_000 + quietMaxMs - 1), false);
  assert.equal(isQuiet(live, 1_000 + quietMaxMs), true);
  assert.equal(isQuiet(nextLiveState(live, "lost", 2_000), 900_000), false);
});

test("attempts to reconnect back off from one second to ten", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 50].map(reconnectDelayMs), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});
