import assert from "node:assert/strict";
import { test } from "node:test";
import { actsOf, bytes, metersOf, toneOfHost } from "../src/pages/capacity/capacity-words.ts";
import { fakeHost } from "./fake-capacity.ts";

test("only what is limited is shown, with how much of it is taken", () => {
  const gib = 1024 ** 3;
  const used = { cpu: 1.5, memoryBytes: 3 * gib, diskBytes: 10 * gib, networkMbps: 0 };
  const meters = metersOf(used, { cpu: 4, memoryBytes: 8 * gib, diskBytes: null, networkMbps: 1_000 });
  assert.deepEqual(meters, [
    { name: "Processor", words: "1.5 cores of 4 cores", share: 0.375 },
    { name: "Memory", words: "3 GiB of 8 GiB", share: 0.375 },
    { name: "Network", words: "0 Mbit/s of 1000 Mbit/s", share: 0 },
  ]);
  const none = metersOf(used, { cpu: 0, memoryBytes: gib, diskBytes: null, networkMbps: null });
  assert.deepEqual(
    none.map(({ share }) => share),
    [0, 1],
    "no division by nothing, and never more than all",
  );
});

test("sizes are read as people write them", () => {
  assert.deepEqual([512, 1_536, 300 * 1024 ** 2, 1.5 * 1024 ** 3].map(bytes), [
    "512 B",
    "1.5 KiB",
    "300 MiB",
    "1.5 GiB",
  ]);
  assert.equal(bytes(Number.NaN), "–");
});

test("a host is offered what changes it", () => {
  const offered = (state: "active" | "cordoned" | "drained") =>
    actsOf(fakeHost("h", "z", { state })).map(({ command }) => command);
  assert.deepEqual(offered("active"), ["cordon", "drain"]);
  assert.deepEqual(offered("cordoned"), ["drain", "activate"]);
  assert.deepEqual(offered("drained"), ["activate"]);
  assert.equal(toneOfHost(fakeHost("h", "z")), "good");
  assert.equal(toneOfHost(fakeHost("h", "z", { state: "cordoned" })), "warn");
});
