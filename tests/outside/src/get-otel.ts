import { join } from "node:path";
import { emptyFolder, markFetched } from "./fetched.ts";
import { runStep } from "./step.ts";

const packages = ["opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"];

/** OpenTelemetry's own SDK and exporter for Python, in a virtual environment of their own. */
export async function getOtel(say: (progress: string) => void): Promise<void> {
  const folder = emptyFolder("otel");
  say("a virtual environment");
  await runStep("python3", ["-m", "venv", folder], { timeoutMs: 120_000 });
  say(packages.join(", "));
  const python = join(folder, "bin", "python");
  const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", ...packages];
  await runStep(python, pip, { timeoutMs: 240_000 });
  const about = "from importlib.metadata import version; print(version('opentelemetry-sdk'))";
  const version = await runStep(python, ["-c", about], { timeoutMs: 30_000 });
  markFetched("otel", { "opentelemetry-sdk": version.trim() });
}
