/** Where control's API answers. Free of schemas, so that a browser can load it without them. */

export const controlTopics = ["status", "instances", "activities"] as const;

/** Paths of control's API. */
export const ControlPaths = {
  health: "/healthz",
  openapi: "/openapi.json",
  session: "/v1/session",
  sessionCodes: "/v1/session/codes",
  status: "/v1/status",
  instances: "/v1/instances",
  instance: (id: string): string => `/v1/instances/${encodeURIComponent(id)}`,
  kill: (id: string): string => `/v1/instances/${encodeURIComponent(id)}/kill`,
  services: "/v1/services",
  service: (name: string): string => `/v1/services/${encodeURIComponent(name)}`,
  scale: (name: string): string => `/v1/services/${encodeURIComponent(name)}/scale`,
  restart: (name: string): string => `/v1/services/${encodeURIComponent(name)}/restart`,
  metrics: (name: string): string => `/v1/services/${encodeURIComponent(name)}/metrics`,
  groups: "/v1/groups",
  group: (name: string): string => `/v1/groups/${encodeURIComponent(name)}`,
  /** One of the operations on a group: `clone`, `resize`, `refresh/cancel` … */
  groupAct: (name: string, act: string): string => `/v1/groups/${encodeURIComponent(name)}/${act}`,
  autoscale: "/v1/autoscale",
  autoscaleOf: (service: string): string => `/v1/autoscale/${encodeURIComponent(service)}`,
  autoscalePolicies: (service: string): string => `/v1/autoscale/${encodeURIComponent(service)}/policies`,
  forecast: (service: string, metric: string): string =>
    `/v1/autoscale/${encodeURIComponent(service)}/forecast?metric=${encodeURIComponent(metric)}`,
  capacity: "/v1/capacity",
  hostState: (name: string): string => `/v1/hosts/${encodeURIComponent(name)}/state`,
  operation: (id: string): string => `/v1/operations/${encodeURIComponent(id)}`,
  applications: "/v1/applications",
  application: (name: string): string => `/v1/applications/${encodeURIComponent(name)}`,
  activities: "/v1/activities",
  logs: "/v1/logs",
  events: "/v1/events",
  discovery: "/v1/discovery",
  discoveryInstances: "/v1/discovery/instances",
  discoveryEvents: "/v1/discovery/events",
  resilience: "/v1/resilience",
  faults: "/v1/faults",
  fault: (id: string): string => `/v1/faults/${encodeURIComponent(id)}`,
  faultRenewal: (id: string): string => `/v1/faults/${encodeURIComponent(id)}/renew`,
  images: "/v1/images",
  image: (id: string): string => `/v1/images/${encodeURIComponent(id)}`,
  imagesGc: "/v1/images/gc",
  traces: "/v1/traces",
  trace: (id: string): string => `/v1/traces/${encodeURIComponent(id)}`,
  traceLogs: (id: string): string => `/v1/traces/${encodeURIComponent(id)}/logs`,
  configProperties: "/v1/config/properties",
  configChanges: "/v1/config/changes",
  configDiff: "/v1/config/diff",
  configRollback: "/v1/config/rollback",
  configExplain: "/v1/config/explain",
  configInstances: "/v1/config/instances",
  configPropertiesList: "/v1/config/propertiesList",
  configStages: "/v1/config/stages",
  configStage: (id: string): string => `/v1/config/stages/${encodeURIComponent(id)}`,
  configStageRevert: (id: string): string => `/v1/config/stages/${encodeURIComponent(id)}/revert`,
  configStageAdvance: (id: string): string => `/v1/config/stages/${encodeURIComponent(id)}/advance`,
  configSecrets: "/v1/config/secrets",
  configSecret: (name: string): string => `/v1/config/secrets/${encodeURIComponent(name)}`,
  configSecretRemove: (name: string): string => `/v1/config/secrets/${encodeURIComponent(name)}/remove`,
  configSecretKeys: "/v1/config/secret-keys/rotate",
  why: (app: string, id: string): string =>
    `/v1/discovery/instances/${encodeURIComponent(app)}/${encodeURIComponent(id)}/why`,
  override: (app: string, id: string): string =>
    `/v1/discovery/overrides/${encodeURIComponent(app)}/${encodeURIComponent(id)}`,
} as const;

/** Session cookie of the console, followed by `_` and the port. */
export const sessionCookie = "holdfast_session";
