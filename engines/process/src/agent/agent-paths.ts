/** Paths of the agent's API on its Unix socket. */
export const AgentPaths = {
  health: "/v1/health",
  metrics: "/metrics",
  instances: "/v1/instances",
  instance: (id: string): string => `/v1/instances/${encodeURIComponent(id)}`,
  signal: (id: string): string => `/v1/instances/${encodeURIComponent(id)}/signal`,
  questions: "/v1/questions",
  usage: "/v1/usage",
  events: "/v1/events",
  shutdown: "/v1/shutdown",
} as const;

/** SSE event names of `GET /v1/events`: first all instances, then single observations. */
export const agentEvents = { snapshot: "snapshot", instance: "instance" } as const;

/** A heartbeat comes at least this often on an event stream, in ms. */
export const agentHeartbeatMs = 5_000;
