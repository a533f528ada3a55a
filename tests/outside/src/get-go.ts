import { join } from "node:path";
import { emptyFolder, markFetched, ownPath } from "./fetched.ts";
import { runStep } from "./step.ts";

/** Our program with fargo in it, as one file. */
export async function getGo(say: (progress: string) => void): Promise<void> {
  const folder = emptyFolder("go");
  const cwd = ownPath("go");
  say("fargo and what it needs");
  await runStep("go", ["mod", "download"], { cwd, timeoutMs: 240_000 });
  say("building");
  await runStep("go", ["build", "-o", join(folder, "client"), "."], { cwd, timeoutMs: 240_000 });
  const version = await runStep("go", ["list", "-m", "-f", "{{.Version}}", "github.com/hudl/fargo"], {
    cwd,
    timeoutMs: 60_000,
  });
  const go = await runStep("go", ["env", "GOVERSION"], { cwd, timeoutMs: 30_000 });
  markFetched("go", { fargo: version.trim(), Go: go.trim().replace(/^go/, "") });
}
