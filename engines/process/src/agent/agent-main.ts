import type { InstanceRuntime } from "@holdfast/engine";
import {
  type Clock,
  codeOf,
  type Log,
  messageOf,
  PlatformError,
  processLog,
  SystemClock,
  systemRandom,
} from "@holdfast/kernel";
import { type AgentSettings, Env } from "@holdfast/wire";
import { runAgent } from "./run-agent.ts";

/**
 * A zone agent as a process of its own: settings from its environment, until a signal or `POST /v1/shutdown`. SIGTERM ends
 * the agent and no instance; the call ends both.
 *
 * @param runtimeOf what instances run in; processes of this machine by default.
 */
export function agentMain(runtimeOf?: (clock: Clock, log: Log, settings: AgentSettings) => InstanceRuntime): void {
  run(runtimeOf).catch((error: unknown) => {
    process.stderr.write(`agent: ${messageOf(error)} (${codeOf(error)})\n`);
    process.exit(1);
  });
}

async function run(runtimeOf: Parameters<typeof agentMain>[0]): Promise<void> {
  const clock = new SystemClock();
  const log = processLog(clock);
  const text = process.env[Env.settings];
  if (text === undefined) {
    throw new PlatformError("SETTINGS_MISSING", `${Env.settings}: is not set`, {
      next: "start agents with `holdfast up`",
    });
  }
  const settings: AgentSettings = JSON.parse(text);
  const running = await runAgent(clock, systemRandom(), log, settings, {}, runtimeOf?.(clock, log, settings));
  const end = (): void => void running.close().finally(() => process.exit(0));
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  await running.shutDown;
  end();
}
