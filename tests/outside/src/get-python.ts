import { join } from "node:path";
import { emptyFolder, markFetched } from "./fetched.ts";
import { runStep } from "./step.ts";

const version = "0.13.3";

/** py-eureka-client in a virtual environment of its own. */
export async function getPython(say: (progress: string) => void): Promise<void> {
  const folder = emptyFolder("python");
  say("a virtual environment");
  await runStep("python3", ["-m", "venv", folder], { timeoutMs: 120_000 });
  say(`py-eureka-client ${version}`);
  const python = join(folder, "bin", "python");
  const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", `py-eureka-client==${version}`];
  await runStep(python, pip, { timeoutMs: 240_000 });
  const about = "import platform, py_eureka_client.eureka_client; print(platform.python_version())";
  const python3 = await runStep(python, ["-c", about], { timeoutMs: 30_000 });
  markFetched("python", { "py-eureka-client": version, Python: python3.trim() });
}
