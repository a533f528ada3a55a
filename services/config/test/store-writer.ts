import { SystemClock } from "@holdfast/kernel";
import { SqliteConfigStore } from "../src/index.ts";

/** A process that writes and tells of each change it was promised, until it is killed. */
const store = new SqliteConfigStore(new SystemClock(), process.argv[2] ?? "");
await store.open();
for (let revision = 1; revision < 100_000; revision++) {
  const edits = ["a", "b"].map((key) => ({
    key,
    scope: {},
    before: revision === 1 ? null : String(revision - 1),
    after: String(revision),
  }));
  await store.write([
    { kind: "change", change: { revision, atMs: 0, author: "writer", reason: "", kind: "set", edits } },
  ]);
  process.send?.(revision);
}
