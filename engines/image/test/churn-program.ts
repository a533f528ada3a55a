/** Bakes and collects garbage in the store of argument 1 until it is killed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ImageStore } from "@holdfast/image";
import { SystemClock } from "@holdfast/kernel";

const [, , directory = "", sources = ""] = process.argv;
const store = new ImageStore(directory, new SystemClock());
const node = { path: "/usr/bin/env", version: "24.21.0" };
process.send?.("ready");
for (let round = 0; ; round++) {
  const source = join(sources, String(round % 5));
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "main.mjs"), `// ${round % 5}\n${"x".repeat(200_000)}`);
  const { directory: bundle } = await store.bake({ source });
  await store.containerImage(bundle, { application: "movies", service: `s${round % 2}` }, { node });
  await store.collectGarbage({ inUse: [], keepPerService: 1, minAgeMs: 0 });
}
