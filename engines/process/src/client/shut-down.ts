import type { Clock } from "@holdfast/kernel";
import type { AgentHealth } from "../agent/agent.ts";
import { AgentPaths } from "../agent/agent-paths.ts";
import { AgentLink } from "./agent-link.ts";

const healthTimeoutMs = 1_000;
const farewellMs = 5_000;

/**
 * Asks an agent how it is.
 *
 * @throws PlatformError `AGENT_UNREACHABLE` when nobody answers on `socket`.
 */
export async function agentHealth(clock: Clock, zone: string, socket: string): Promise<AgentHealth> {
  const link = new AgentLink(clock, zone, socket);
  try {
    const call = { method: "GET", path: AgentPaths.health, timeoutMs: healthTimeoutMs } as const;
    return (await link.call(call)) as AgentHealth;
  } finally {
    link.close();
  }
}

/**
 * Has an agent end all its instances, each within `graceMs`, and then itself. Resolves when no instance is left.
 *
 * @throws PlatformError `AGENT_UNREACHABLE` when it does not answer within `graceMs` and 5 s.
 */
export async function shutDownAgent(clock: Clock, zone: string, socket: string, graceMs: number): Promise<void> {
  const link = new AgentLink(clock, zone, socket);
  try {
    const body = { graceMs };
    await link.call({ method: "POST", path: AgentPaths.shutdown, body, timeoutMs: graceMs + farewellMs });
  } finally {
    link.close();
  }
}
