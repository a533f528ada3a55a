import { createServer } from "node:http";
import type { InstanceRuntime } from "@holdfast/engine";
import type { Clock, Log, Random } from "@holdfast/kernel";
import type { AgentSettings } from "@holdfast/wire";
import { type AgentTimings, ZoneAgent } from "./agent.ts";
import { AgentApi } from "./api.ts";
import { claimPidFile, listenExclusive } from "./exclusive.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import { HttpRegistryDoor } from "./registry-door.ts";

export interface RunningAgent {
  readonly agent: ZoneAgent;
  /** Resolves after `POST /v1/shutdown` has ended every instance. */
  readonly shutDown: Promise<void>;
  /** Ends the agent alone; its instances go on and wait to be adopted. */
  close(): Promise<void>;
}

/**
 * Starts a zone's agent: adopts what is there, then answers on its socket.
 *
 * @param runtime what instances run in; processes of this machine by default.
 *
 * @throws PlatformError `AGENT_RUNNING`, `AGENT_STATE_UNREADABLE`, `SOCKET_PATH_TOO_LONG`.
 */
export async function runAgent(
  clock: Clock,
  random: Random,
  log: Log,
  settings: AgentSettings,
  timings: Partial<AgentTimings> = {},
  runtime: InstanceRuntime = new ProcessRuntime(clock, log, settings.network),
): Promise<RunningAgent> {
  const claim = claimPidFile(settings.pidFile);
  const door = new HttpRegistryDoor(clock, random, log, settings.registries);
  const agent = new ZoneAgent(clock, random, log, door, runtime, settings, timings);
  const shutDown = Promise.withResolvers<void>();
  const api = new AgentApi(clock, log, agent, shutDown.resolve);
  const adopted = Promise.withResolvers<void>();
  // Whoever asks before it knows its instances waits: to say that there are none would have them all replaced.
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void adopted.promise.then(() => api.handle(request, response));
  });
  const close = async (): Promise<void> => {
    await agent.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    claim.release();
  };
  try {
    await listenExclusive(server, settings.socket);
    await agent.start();
    adopted.resolve();
  } catch (error) {
    if (server.listening) server.close();
    server.closeAllConnections();
    claim.release();
    throw error;
  }
  log.info("agent.ready", { zone: settings.zone.name, socket: settings.socket, pid: process.pid });
  return { agent, shutDown: shutDown.promise, close };
}
