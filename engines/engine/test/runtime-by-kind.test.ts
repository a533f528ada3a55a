import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaunchSpec } from "@holdfast/wire";
import { type InstanceHandle, type InstanceRuntime, type LostInstance, RuntimeByKind } from "../src/index.ts";

/** Remembers what it was asked, and knows the instances it is given. */
function runtime(asked: string[], name: string, known: readonly string[], problem = ""): InstanceRuntime {
  const handle = (id: string): InstanceHandle =>
    ({ identity: { pid: 1, startTime: `${name} ${id}` } }) as InstanceHandle;
  const note = (what: string, { id }: LaunchSpec): void => {
    asked.push(`${name} ${what} ${id}`);
  };
  return {
    problem,
    sharesFiles: () => name === "processes",
    hasOwnNetwork: () => name === "containers",
    start: (order) => {
      note("start", order.spec);
      return Promise.resolve({ kind: "failed", reasonCode: "X", reason: name });
    },
    adopt: (lost) => {
      for (const one of lost) note("adopt", one.spec);
      const mine = lost.filter((one) => known.includes(one.spec.id));
      return Promise.resolve(new Map(mine.map((one) => [one.spec.id, handle(one.spec.id)])));
    },
    strangers: () => Promise.resolve([{ spec: specOf(`${name}-stranger`), startedAtMs: 1, handle: handle("s") }]),
    forget: (spec) => {
      note("forget", spec);
      return Promise.resolve();
    },
    close: () => {
      asked.push(`${name} close`);
      return Promise.resolve();
    },
  };
}

function specOf(id: string, kind: LaunchSpec["kind"] = "app"): LaunchSpec {
  return { id, kind } as unknown as LaunchSpec;
}

function lostOne(id: string, kind: LaunchSpec["kind"]): LostInstance {
  return { spec: specOf(id, kind), mark: undefined, logFile: "" };
}

test("applications go to the one runtime, servers of the platform to the other", async () => {
  const asked: string[] = [];
  const both = new RuntimeByKind(runtime(asked, "containers", []), runtime(asked, "processes", []));
  const order = { command: { file: "x", args: [] }, environment: {}, logFile: "" };
  await both.start({ ...order, spec: specOf("a") });
  await both.start({ ...order, spec: specOf("r", "registry") });
  await both.forget(specOf("g", "gateway"));
  await both.forget({ ...specOf("p"), runAs: "process" });
  assert.deepEqual(asked, ["containers start a", "processes start r", "processes forget g", "processes forget p"]);
  assert.deepEqual([both.sharesFiles(specOf("a")), both.sharesFiles(specOf("r", "registry"))], [false, true]);
  assert.deepEqual([both.hasOwnNetwork(specOf("a")), both.hasOwnNetwork(specOf("r", "registry"))], [true, false]);
  await both.close();
  assert.deepEqual(asked.slice(4), ["containers close", "processes close"]);
});

test("an application that the agent before ran the other way is found there, and never lost", async () => {
  const asked: string[] = [];
  const both = new RuntimeByKind(runtime(asked, "containers", ["new"]), runtime(asked, "processes", ["old", "r"]));
  const all = [lostOne("new", "app"), lostOne("old", "app"), lostOne("gone", "app"), lostOne("r", "registry")];
  const found = await both.adopt(all);
  assert.deepEqual(
    [...found].map(([id, { identity }]) => [id, identity.startTime]),
    [
      ["new", "containers new"],
      ["old", "processes old"],
      ["r", "processes r"],
    ],
  );
  assert.ok(!asked.includes("containers adopt r"));
});

test("strangers of both are found, and what is wrong with either is told", async () => {
  const both = new RuntimeByKind(runtime([], "containers", [], "no answer"), runtime([], "processes", []));
  const found = await both.strangers(new Set());
  assert.deepEqual(
    found.map((one) => one.spec.id),
    ["containers-stranger", "processes-stranger"],
  );
  assert.equal(both.problem, "no answer");
});
