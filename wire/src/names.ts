/** Header names of ours and of the standards we carry through every hop. All lower case, as Node gives them. */
export const Headers = {
  /**
   * Request: the instance the caller means. A server of ours with another id answers 421 before its handler runs,
   * so that a reused port never gets the old identity's traffic. Response: the instance that answered.
   */
  instance: "x-holdfast-instance",
  /** Milliseconds the caller will still wait. Servers and clients give up, and tell those below, by this. */
  deadline: "x-holdfast-deadline-ms",
  /** Which attempt this is, from 1. Only the layer that made attempt 1 retries; others see it and do not. */
  attempt: "x-holdfast-attempt",
  /** On an answer of ours: the handler was not run (draining, shedding, wrong identity), so any request may be retried elsewhere. */
  notExecuted: "x-holdfast-not-executed",
  /** On a failure: the servers behind have already been tried as far as it makes sense; asking again only adds load. */
  retried: "x-holdfast-retried",
  /** Request: how much it matters, 0 (most) to 3; a server with too much to do serves the others first. Default 1. */
  priority: "x-holdfast-priority",
  /** To control, beside the token of an instance: whose token it is. */
  sender: "x-holdfast-sender",
  requestId: "x-request-id",
  traceparent: "traceparent",
  tracestate: "tracestate",
  /** Control to agent: the fencing epoch. An agent refuses a lower one than it has seen. */
  epoch: "x-holdfast-epoch",
} as const;

/** The environment an instance is started with (DESIGN §6). `PORT` and `HOST` come beside these. */
export const Env = {
  region: "HOLDFAST_REGION",
  zone: "HOLDFAST_ZONE",
  environment: "HOLDFAST_ENVIRONMENT",
  application: "HOLDFAST_APPLICATION",
  /** The logical name callers use. */
  service: "HOLDFAST_SERVICE",
  cluster: "HOLDFAST_CLUSTER",
  serverGroup: "HOLDFAST_SERVER_GROUP",
  instanceId: "HOLDFAST_INSTANCE_ID",
  instanceToken: "HOLDFAST_INSTANCE_TOKEN",
  /** Base URLs of the registries, own zone first, separated by commas. */
  registries: "HOLDFAST_REGISTRIES",
  adminPort: "HOLDFAST_ADMIN_PORT",
  /** When set, why callers are not to choose this instance from its first registration on, until control says so. */
  outOfService: "HOLDFAST_OUT_OF_SERVICE",
  /** The host that placement chose, where hosts are declared. */
  host: "HOLDFAST_HOST",
  /** A file where the last registry view is kept for a start while every registry is down. */
  lastViewFile: "HOLDFAST_LAST_VIEW",
  /** Base URLs of the configuration servers, separated by commas; asked with the instance's token. */
  configServers: "HOLDFAST_CONFIG_SERVERS",
  /** A file where the last settled values of the configuration server are kept for a start while it is down. */
  configSnapshot: "HOLDFAST_CONFIG_SNAPSHOT",
  /** A file that tells which faults are to be simulated inside of the program. */
  faults: "HOLDFAST_FAULTS",
  /** Base URL of the sidecar, for the program it runs beside: `http://127.0.0.1:8078`. */
  sidecar: "HOLDFAST_SIDECAR",
  /** Where traces are sent, by OpenTelemetry's own names. */
  otlpEndpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
  otlpHeaders: "OTEL_EXPORTER_OTLP_HEADERS",
  otlpProtocol: "OTEL_EXPORTER_OTLP_PROTOCOL",
  otelServiceName: "OTEL_SERVICE_NAME",
  otelResource: "OTEL_RESOURCE_ATTRIBUTES",
  /** JSON settings of a server of ours (gateway routes, balancer listeners, registry peers). */
  settings: "HOLDFAST_SETTINGS",
} as const;

/** By this name the registries know overrides that server groups made; an operator's own have another. */
export const groupsOverrideBy = "server-groups";

/** Ports on 127.0.0.1 that `holdfast up` opens for people, by the name `--port name=N` takes. */
export const defaultPorts = { edge: 8080, console: 7070, registry: 8761, otlp: 4318 } as const;
export type PortName = keyof typeof defaultPorts;

/** The address people and their tools use. */
export const operatorAddress = "127.0.0.1";
/** In a network of its own (mode `netns`): the router's side of every link, where control stands. */
export const routerAddress = "127.0.0.254";
