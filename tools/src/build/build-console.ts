import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { contentHashOf, inputFiles } from "./inputs.ts";

/**
 * Puts the built console into `<out>/console`; it is built only when a file of it changed.
 *
 * @returns what was done: `built`, `reused`, or `missing` when there is no console room yet.
 */
export async function addConsole(root: string, dist: string, out: string): Promise<"built" | "reused" | "missing"> {
  const builder = join(root, "console/build.ts");
  if (!existsSync(builder)) return "missing";
  const kept = join(dist, `console-${contentHashOf(root, inputFiles(root, "console"))}`);
  const known = existsSync(kept);
  if (!known) {
    const scratch = mkdtempSync(join(dist, ".console-"));
    try {
      const module: { buildConsole?: (outDir: string) => Promise<unknown> } = await import(pathToFileURL(builder).href);
      if (module.buildConsole === undefined) throw new Error("console/build.ts does not export buildConsole(outDir)");
      await module.buildConsole(scratch);
      if (!existsSync(kept)) renameSync(scratch, kept);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
    for (const name of readdirSync(dist)) {
      if (name.startsWith("console-") && join(dist, name) !== kept)
        rmSync(join(dist, name), { recursive: true, force: true });
    }
  }
  cpSync(kept, join(out, "console"), { recursive: true });
  return known ? "reused" : "built";
}
