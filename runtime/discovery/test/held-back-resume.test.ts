import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { encodeSse, type InstanceRecord } from "@holdfast/wire";
import { Discovery } from "../src/discovery.ts";
import type { StreamEvents } from "../src/stream-call.ts";
import { recordOf } from "./fake-registry.ts";

function snapshot(cursor: string, instances: readonly InstanceRecord[], ageMs: number): string {
  const data = JSON.stringify({ cursor, listener: "l", instances, ageMs });
  return encodeSse({ event: "snapshot", id: cursor, data });
}

test("what a young registry did not name is gone in the end, also when the look that was planned for it failed", async () => {
  const clock = new FakeClock();
  const [stays, goes] = [recordOf("i-1"), recordOf("i-2")];
  /** What the registry says to a new stream, unless that resumes at a cursor of its present life; refuses when absent. */
  let whole: string | undefined = snapshot("a:1000:5", [stays, goes], 3_600_000);
  let life = "a:1000:";
  let current: StreamEvents | undefined;
  const transport = {
    call: () => Promise.reject(new Error("not asked for here")),
    close: () => {},
    open: ({ headers }: { headers: Readonly<Record<string, string>> }, events: StreamEvents) => {
      queueMicrotask(() => {
        if (whole === undefined) return events.onClose(new Error("refused"));
        current = events;
        events.onHead(200, "text/event-stream");
        const cursor = headers["last-event-id"];
        const data = JSON.stringify({ cursor, upserts: [], removals: [], listener: "l" });
        const resumes = cursor?.startsWith(life) === true;
        events.onText(resumes ? encodeSse({ event: "delta", data }) : whole);
      });
      return { destroy: () => {} };
    },
  };
  const options = { registries: ["http://a"], kind: "native", transport } as const;
  const discovery = new Discovery(clock, new SeededRandom(1), silentLog, options);
  const seen = (): string[] => discovery.instances("catalog").map(({ id }) => id);
  discovery.start();
  await clock.advance(100);
  assert.deepEqual(seen(), ["i-1", "i-2"]);

  // It restarts, and has not heard of everybody yet.
  life = "a:2000:";
  whole = snapshot("a:2000:1", [stays], 1_000);
  current?.onClose();
  await clock.advance(500);
  assert.deepEqual(seen().sort(), ["i-1", "i-2"]);
  // When i-2 is due nobody can be reached.
  whole = undefined;
  current?.onClose();
  await clock.advance(15_000);
  whole = snapshot("a:2000:2", [stays], 17_000);
  await clock.advance(5_000);

  assert.equal(discovery.state.kind, "live");
  assert.deepEqual(seen(), ["i-1"]);
  await discovery.stop();
});
