import { codeOf, messageOf, PlatformError, processLog, SystemClock, systemRandom } from "@holdfast/kernel";
import { type AgentSettings, Env } from "@holdfast/wire";
import { runAgent } from "./agent/run-agent.ts";

/** The zone agent's process. SIGTERM ends the agent and no instance; `POST /v1/shutdown` ends both. */
async function main(): Promise<void> {
  const clock = new SystemClock();
  const log = processLog(clock);
  const text = process.env[Env.settings];
  if (text === undefined) {
    throw new PlatformError("SETTINGS_MISSING", `${Env.settings}: is not set`, {
      next: "start agents with `holdfast up`",
    });
  }
  const settings: AgentSettings = JSON.parse(text);
  const running = await runAgent(clock, systemRandom(), log, settings);
  const end = (): void => void running.close().finally(() => process.exit(0));
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  await running.shutDown;
  end();
}

main().catch((error: unknown) => {
  process.stderr.write(`agent: ${messageOf(error)} (${codeOf(error)})\n`);
  process.exit(1);
});
