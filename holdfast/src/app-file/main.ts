/**
 * Short-lived process that runs the user's application file, and later makes the images: whatever it loads (the file's
 * own imports, the bundler) is gone with it, and a file that hangs is killed with it. Its parent talks over IPC.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { codeOf, messageOf, PlatformError, SystemClock } from "@holdfast/kernel";
import { loadHere } from "./load.ts";
import type { PrepareMessage, PrepareRequest } from "./prepare-protocol.ts";

/** Resolves when it is on its way: who ends before that has said nothing. */
const send = (message: PrepareMessage): Promise<void> =>
  new Promise((resolve) => void process.send?.(message, undefined, {}, () => resolve()));

process.once("message", (request: PrepareRequest) => {
  run(request)
    .catch((error: unknown) => {
      const next = error instanceof PlatformError ? error.next : undefined;
      return send({ kind: "failed", code: codeOf(error), message: messageOf(error), next });
    })
    .finally(() => process.disconnect());
});
process.on("disconnect", () => process.exit(0));

async function run(request: PrepareRequest): Promise<void> {
  if (request.kind === "load") {
    if (request.facade !== undefined) useFacade(request.facade);
    return send({ kind: "loaded", result: await loadHere(request.file) });
  }
  const { makeImages } = await import("../bundle/make-images.ts");
  const { file, application, stateDirectory } = request;
  const say = (line: string): void => void send({ kind: "progress", line });
  const { images, runs } = await makeImages(new SystemClock(), file, application, stateDirectory, say);
  await send({ kind: "baked", images, runs });
}

/** The package as one bundled file instead of a hundred source files: the application file loads in half the time. */
function useFacade(path: string): void {
  const url = pathToFileURL(path).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "holdfast" ? { url, format: "module", shortCircuit: true } : next(specifier, context),
  });
}
