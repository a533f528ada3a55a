import assert from "node:assert/strict";
import { test } from "node:test";
import { addFaultRequestSchema } from "@holdfast/wire/control";
import { addCommand, type FaultDraft, lackOf, requestOf, wayBetween } from "../src/pages/zones/fault-words.ts";
import { fakeFault } from "./fake-faults.ts";

const draft = (more: Partial<FaultDraft> = {}): FaultDraft => ({
  kind: "partition",
  shape: "one",
  from: "local-1b",
  to: "",
  oneWay: false,
  amount: 0,
  forSeconds: 30,
  reason: "",
  ...more,
});

test("what a form asks for is the command that does the same, and a request that control takes", () => {
  const rows: [Partial<FaultDraft>, string, Record<string, unknown>][] = [
    [{}, "partition --from local-1b --for 30s", { kind: "partition", shape: "one", from: ["local-1b"] }],
    [
      { shape: "places", to: "local-1a, local-1c", oneWay: true },
      "partition --from local-1b --to local-1a --to local-1c --one-way --for 30s",
      { from: ["local-1b"], to: ["local-1a", "local-1c"], oneWay: true },
    ],
    [{ shape: "ring", from: "", oneWay: true }, "partition --shape ring --for 30s", { shape: "ring", oneWay: false }],
    [{ kind: "loss", amount: 10 }, "loss --from local-1b --loss 10 --for 30s", { lossPercent: 10 }],
    [{ kind: "delay", amount: 80 }, "delay --from local-1b --delay 80ms --for 30s", { delay: "80ms" }],
    [{ kind: "bandwidth", amount: 8 }, "bandwidth --from local-1b --rate 8mbit --for 30s", { bitsPerSecond: 8e6 }],
    [
      { reason: "it's a drill ", forSeconds: 5 },
      "partition --from local-1b --for 5s --reason 'it'\\''s a drill'",
      { for: "5s", reason: "it's a drill" },
    ],
  ];
  for (const [more, command, fields] of rows) {
    assert.equal(addCommand(draft(more)), `npx holdfast fault add ${command}`);
    assert.partialDeepStrictEqual(addFaultRequestSchema.parse(requestOf(draft(more))), fields);
  }
});

test("what is missing is said before anything is sent", () => {
  assert.equal(lackOf(draft()), undefined);
  assert.match(lackOf(draft({ shape: "places" })) ?? "", /both sides/);
  assert.match(lackOf(draft({ kind: "loss", amount: 0 })) ?? "", /from 1 to 100 %/);
  assert.match(lackOf(draft({ kind: "delay", amount: Number.NaN })) ?? "", /ms/);
  assert.match(lackOf(draft({ forSeconds: 0 })) ?? "", /from 1 s to 12 h/);
});

test("between two zones all that disturbs them is told, what all of them feel first", () => {
  const cut = fakeFault();
  const slow = fakeFault({
    id: "delay-1",
    kind: "delay",
    delayMs: 80,
    reach: [{ from: "local-1b", to: "local-1a", whole: false }],
  });
  assert.deepEqual(wayBetween([slow, cut], "local-1b", "local-1a"), [
    { id: cut.id, word: "cut", whole: true },
    { id: "delay-1", word: "+80 ms", whole: false },
  ]);
  assert.deepEqual(wayBetween([slow, cut], "local-1a", "local-1c"), []);
});
