/**
 * Short-lived process that runs the user's application file, and later makes the images: whatever it loads (the file's
 * own imports, the bundler) is gone with it, and a file that hangs is killed with it. Its parent talks over IPC.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { codeOf, messageOf, PlatformError, SystemClock } from "@holdfast/kernel";
import { loadHere } from "./load.ts";
import type { PrepareMessage, PrepareRequest } from "./prepare-protocol.ts";

const send = (message: PrepareMessage): void => {
  process.send?.(message);
};

process.once("message", (request: PrepareRequest) => {
  run(request)
    .catch((error: unknown) => {
      const next = error instanceof PlatformError ? error.next : undefined;
      send({ kind: "failed", code: codeOf(error), message: messageOf(error), next });
    })
    .finally(() => process.disconnect());
});
process.on("disconnect", () => process.exit(0));

async function run(request: PrepareRequest): Promise<void> {
  if (request.kind === "load") {
    if (request.facade !== undefined) useFacade(request.facade);
    send({ kind: "loaded", result: await loadHere(request.file) });
    return;
  }
  const { makeImages } = await import("../bundle/make-images.ts");
  const { file, application, stateDirectory } = request;
  const say = (line: string): void => send({ kind: "progress", line });
  const { images, runs } = await makeImages(new SystemClock(), file, application, stateDirectory, say);
  send({ kind: "baked", images, runs });
}

/** The package as one bundled file instead of a hundred source files: the application file loads in half the time. */
function useFacade(path: string): void {
  const url = pathToFileURL(path).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "holdfast" ? { url, format: "module", shortCircuit: true } : next(specifier, context),
  });
}
