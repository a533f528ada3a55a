import { join } from "node:path";
import { leanHttp } from "holdfast/bundling";
import { type InputOptions, rolldown } from "rolldown";
import { type BuildEntry, externals } from "./entries.ts";

/**
 * Bundles one entry into `<out>/<name>.mjs` (or, with chunks, `<out>/<name>/main.mjs`).
 *
 * @throws an error naming the entry, when it does not parse or imports what cannot be found.
 */
export async function bundleEntry(root: string, entry: BuildEntry, out: string): Promise<void> {
  const unresolved: string[] = [];
  const options: InputOptions = {
    input: { [entry.form === "single" ? entry.name : "main"]: join(root, entry.source) },
    cwd: root,
    platform: "node",
    plugins: [leanHttp()],
    external: [...externals],
    treeshake: { moduleSideEffects: true },
    onLog: (_level, log, defaultHandler) => {
      if (log.code === "UNRESOLVED_IMPORT") unresolved.push(log.message);
      else if (!quietLogs.has(log.code ?? "")) defaultHandler("warn", log);
    },
  };
  try {
    const bundle = await rolldown(options);
    try {
      await bundle.write(
        entry.form === "single"
          ? {
              dir: out,
              format: "esm",
              entryFileNames: "[name].mjs",
              codeSplitting: false,
              comments: { legal: true, annotation: false, jsdoc: false },
            }
          : {
              dir: join(out, entry.name),
              format: "esm",
              entryFileNames: "[name].mjs",
              chunkFileNames: "[name]-[hash].mjs",
              comments: { legal: true, annotation: false, jsdoc: false },
            },
      );
    } finally {
      await bundle.close();
    }
  } catch (error) {
    throw new Error(
      `${entry.name} (${entry.source}) does not bundle: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
  if (unresolved.length > 0) throw new Error(`${entry.name} (${entry.source}): ${unresolved.join("\n")}`);
}

/** Said by third-party code, of no use to us. */
const quietLogs: ReadonlySet<string> = new Set(["CIRCULAR_DEPENDENCY", "EVAL", "INEFFECTIVE_DYNAMIC_IMPORT"]);
