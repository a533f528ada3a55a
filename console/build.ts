import { resolve } from "node:path";
import { build } from "vite";

/**
 * Builds the console's static files into `outDir`, which is emptied first. Needs no network.
 *
 * @throws what Vite throws when a source file does not compile.
 */
export async function buildConsole(outDir: string): Promise<void> {
  const root = import.meta.dirname;
  await build({
    root,
    configFile: resolve(root, "vite.config.ts"),
    logLevel: "warn",
    build: { outDir: resolve(outDir), emptyOutDir: true },
  });
}
