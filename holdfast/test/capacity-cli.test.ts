import assert from "node:assert/strict";
import { test } from "node:test";
import type { CapacityView, HostView } from "@holdfast/wire/control";
import picocolors from "picocolors";
import { printCapacity } from "../src/cli/capacity-table.ts";

const gibibyte = 2 ** 30;
const nowMs = Date.parse("2026-01-05T00:10:00Z");

function printed(view: CapacityView): string[] {
  const lines: string[] = [];
  const terminal = {
    json: false,
    isTty: false,
    columns: 160,
    colors: picocolors.createColors(false),
    print: (text: string) => void lines.push(text),
    printJson: () => {},
    printError: () => {},
  };
  printCapacity(terminal, view, nowMs);
  return lines;
}

const unlimited = { diskBytes: null, networkMbps: null };
const nothing = { cpu: 0, memoryBytes: 0, ...unlimited };
const none: CapacityView = {
  declared: false,
  hosts: [],
  sets: [],
  capacityGroups: [],
  refusals: [],
  total: nothing,
  used: nothing,
};

function host(name: string, usedCpu: number, more: Partial<HostView> = {}): HostView {
  return {
    name,
    set: name,
    zone: "local-1a",
    state: "active",
    reason: "",
    capacity: { cpu: 2, memoryBytes: 4 * gibibyte, ...unlimited },
    used: { cpu: usedCpu, memoryBytes: usedCpu * gibibyte, diskBytes: 0, networkMbps: 0 },
    attributes: {},
    taints: [],
    tasks: [],
    ...more,
  };
}

test("without hosts it says so, and how to declare some", () => {
  assert.deepEqual(printed(none), [
    "no hosts are declared: every zone has room for all",
    "declare them as `hosts` in the application file",
  ]);
});

test("a bar is full only when nothing is left, and empty only when nothing is taken", () => {
  const hosts = [host("a", 0), host("b", 0.01), host("c", 1), host("d", 1.99), host("e", 2)];
  const bars = printed({ ...none, declared: true, hosts })
    .slice(1, 6)
    .map((line) => /[█░]+/.exec(line)?.[0].replaceAll("░", "").length);
  assert.deepEqual(bars, [0, 1, 5, 9, 10]);
});

test("a host that is closed says why, a launch in wait what stands against it, a group what it holds", () => {
  const text = printed({
    ...none,
    declared: true,
    hosts: [host("a", 2), host("b", 0, { state: "drained", reason: "is drained by operator: new disk" })],
    sets: [
      { name: "flex", zone: "local-1a", hosts: 1, min: 0, max: 3, idle: 0, idleMin: 0, idleMax: 1, cooldownMs: 60_000 },
    ],
    capacityGroups: [
      {
        name: "front",
        tier: "critical",
        guaranteedCpu: 2,
        guaranteedMemoryBytes: gibibyte,
        usedCpu: 0.5,
        usedMemoryBytes: 0,
      },
    ],
    refusals: [
      {
        service: "batch",
        serverGroup: "place-batch-v000",
        zone: "local-1a",
        reason: "a lacks 1 CPU (0 CPUs free)",
        since: "2026-01-05T00:07:00Z",
      },
    ],
    total: { cpu: 2, memoryBytes: 4 * gibibyte, ...unlimited },
    used: { cpu: 2, memoryBytes: 2 * gibibyte, ...unlimited },
  }).join("\n");
  assert.match(text, /^b is drained by operator: new disk$/m);
  assert.match(text, /^2 hosts, 2 of 2 cores and 2 GiB of 4 GiB are taken on those that are active$/m);
  assert.match(text, /^flex: 1 of 0 to 3 hosts, 0 idle \(keeps 0 to 1 idle\)$/m);
  assert.match(text, /^front +critical +███░░░░░░░ 0\.5\/2 +░░░░░░░░░░ 0 MiB\/1 GiB$/m);
  assert.match(text, /^! place-batch-v000 has waited 3 min for a host in local-1a: a lacks 1 CPU \(0 CPUs free\)$/m);
});
