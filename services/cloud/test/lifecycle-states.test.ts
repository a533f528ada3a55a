import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceState } from "@holdfast/wire";
import type { HookWait, InstanceMark } from "../src/group.ts";
import { type LifecycleFacts, type LifecycleState, lifecycleOf } from "../src/groups/lifecycle.ts";
import { groupOf, instance } from "./plan-world.ts";

const launching: HookWait = { waiting: ["warm-up"], transition: "launching", sinceMs: 0, untilMs: 1 };
const terminating: HookWait = { ...launching, transition: "terminating" };

interface Case {
  readonly state: InstanceState;
  readonly mark?: InstanceMark;
  readonly facts?: Partial<LifecycleFacts>;
}

/** AWS's states, each with what brings an instance into it. */
const cases: readonly (readonly [LifecycleState, string, Case])[] = [
  ["Pending", "starting", { state: "starting" }],
  ["Pending:Wait", "starting, its launch hook not answered", { state: "starting", mark: { hook: launching } }],
  ["Pending:Wait", "up, its launch hook not answered", { state: "up", mark: { hook: launching } }],
  ["Pending:Proceed", "its hooks are done", { state: "up", mark: { hook: { ...launching, proceeding: true } } }],
  ["InService", "up", { state: "up" }],
  ["InService", "sick, until it is ended", { state: "unhealthy" }],
  ["InService", "protected", { state: "up", mark: { protected: true } }],
  ["EnteringStandby", "to stand by, the registries not told", { state: "up", mark: { standby: true } }],
  ["Standby", "the registries know", { state: "up", mark: { standby: true }, facts: { isOut: true } }],
  ["Terminating:Wait", "its hook not answered", { state: "up", mark: { hook: terminating } }],
  ["Terminating:Proceed", "its hook answered", { state: "up", mark: { hook: { ...terminating, proceeding: true } } }],
  ["Terminating", "told to end", { state: "up", facts: { leaving: true } }],
  ["Terminating", "draining", { state: "draining" }],
  ["Terminating", "doomed", { state: "up", mark: { doomed: "a request" } }],
  ["Terminated", "gone", { state: "stopped" }],
  ["Terminated", "gone, whatever was said of it", { state: "stopped", mark: { hook: terminating } }],
  ["Detached", "in no group any more", { state: "up", facts: { detached: true } }],
  ["Warmed:Pending", "starting in the warm pool", { state: "starting", mark: { warm: "pending" } }],
  ["Warmed:Running", "ready in the warm pool", { state: "up", mark: { warm: "running" } }],
  ["Warmed:Stopped", "asleep in the warm pool", { state: "unhealthy", mark: { warm: "stopped" } }],
  ["Pending", "waking up out of the warm pool", { state: "unhealthy", mark: { warm: "leaving" } }],
];

for (const [expected, what, { state, mark, facts }] of cases) {
  test(`an instance that is ${what} is ${expected}`, () => {
    const group = groupOf({ desired: 3, ...(mark === undefined ? {} : { marks: { a1: mark } }) });
    const all = { leaving: false, detached: false, isOut: false, ...facts };
    assert.equal(lifecycleOf(group, instance("a1", { state }), all), expected);
  });
}

test("of a stranger only its process counts", () => {
  const facts = { leaving: false, detached: false, isOut: false };
  assert.equal(lifecycleOf(undefined, instance("a1"), facts), "InService");
  assert.equal(lifecycleOf(undefined, instance("a1", { state: "starting" }), facts), "Pending");
});
