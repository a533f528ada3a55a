import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, PlatformError } from "@holdfast/kernel";
import { rolldown } from "rolldown";
import { leanHttp } from "./lean-http.ts";

/**
 * Bundles a script and all it imports into the one file `target`.
 *
 * @returns every file that went into it, for the decision whether it must be made again.
 * @throws PlatformError `BUNDLE_FAILED` when it does not parse or imports what cannot be found.
 */
export async function bundleService(service: string, script: string, target: string): Promise<string[]> {
  const unresolved: string[] = [];
  const fail = (message: string): PlatformError =>
    new PlatformError("BUNDLE_FAILED", `${service}: cannot be bundled: ${message}`, {
      next: `correct it, or leave out bundle: true of services.${service}`,
      status: 400,
    });
  try {
    const bundle = await rolldown({
      input: script,
      cwd: dirname(script),
      platform: "node",
      plugins: [leanHttp()],
      onLog: (_level, log) => {
        if (log.code === "UNRESOLVED_IMPORT") unresolved.push(log.message);
      },
    });
    try {
      const { output } = await bundle.generate({ format: "esm", codeSplitting: false });
      if (unresolved.length > 0) throw new Error(unresolved.join("; "));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, output[0].code);
      return output[0].moduleIds.filter((id) => !id.startsWith("\0")).map((id) => id.replace(/\?.*$/, ""));
    } finally {
      await bundle.close();
    }
  } catch (error) {
    throw fail(messageOf(error));
  }
}
