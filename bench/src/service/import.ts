import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BenchContext, size } from "../bench-context.ts";
import { type Measured, median } from "../figure.ts";

/** How long the package takes to load, bundled as instances load it: first, and with what an instance before has compiled. */
export async function* imports(context: BenchContext): AsyncIterable<Measured> {
  const { hash } = JSON.parse(readFileSync(join(context.root, "holdfast/dist/current.json"), "utf8")) as {
    hash: string;
  };
  const file = pathToFileURL(join(context.root, "holdfast/dist", hash, "facade.mjs")).href;
  const script = `const from = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - from);`;
  const cache = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const once = (env: NodeJS.ProcessEnv): number => {
    const args = ["--input-type=module", "-e", script];
    return Number(execFileSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, ...env } }));
  };
  try {
    const shared = { NODE_COMPILE_CACHE: cache };
    once(shared);
    const [cold, warm]: [number[], number[]] = [[], []];
    for (let round = 0; round < size(context, 3, 21); round++) {
      cold.push(once({ NODE_DISABLE_COMPILE_CACHE: "1" }));
      warm.push(once(shared));
    }
    const note = `a fresh process each, ${cold.length} interleaved rounds, medians; least ${Math.min(...cold).toFixed(0)} and ${Math.min(...warm).toFixed(0)} ms`;
    yield { case: "import of the package, compiled before", ours: median(warm), unit: "ms", goal: { most: 60 }, note };
    yield { case: "import of the package, the first time", ours: median(cold), unit: "ms", note };
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
