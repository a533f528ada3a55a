import { SystemClock } from "@holdfast/kernel";
import { SqliteStore } from "../src/index.ts";

// Holds a state file until it is killed; run by store.test.ts.
const store = new SqliteStore(new SystemClock(), process.argv[2] ?? "");
await store.open(0);
await store.write([{ kind: "meta", key: "mine", value: "1" }]);
console.log("held");
process.stdin.resume();
