/**
 * What a property may be narrowed to, strongest first: the order in which Archaius's persisted source lets the more
 * special value win. `countries` and others may hold lists with commas; all are compared in lower case.
 */
export const propertyScopeKeys = [
  "serverId",
  "asg",
  "ami",
  "cluster",
  "appId",
  "env",
  "countries",
  "stack",
  "zone",
  "region",
] as const;
export type PropertyScopeKey = (typeof propertyScopeKeys)[number];

/** For whom a value counts; an absent key counts for all. */
export type PropertyScope = Readonly<Partial<Record<PropertyScopeKey, string>>>;

/** What a process is, in the words of the scopes. */
export type DeploymentContext = PropertyScope;

/** One value as the configuration server gives it to one process. */
export interface ServedProperty {
  readonly key: string;
  readonly value: string;
  readonly scope: PropertyScope;
  /** The server's count of changes at which this value was set. */
  readonly revision: number;
  readonly author: string;
  readonly atMs: number;
  readonly reason?: string;
  /**
   * Set while the value is on trial with some instances. `settled` is what counts if the trial fails (null: nothing), and
   * what a process keeps for its next start.
   */
  readonly trial?: { readonly id: string; readonly settled: string | null };
  /**
   * Set when the value holds a secret. A process keeps it in memory alone: it stands in no snapshot file, explanation, log
   * or dump.
   */
  readonly secret?: true;
}

/** Body of `GET /v1/config/effective`, and the event `snapshot` of `GET /v1/config/stream`: all that counts for the asker. */
export interface ConfigSnapshot {
  /** Changes when the server's history began anew; revisions of another epoch do not compare. */
  readonly epoch: string;
  readonly revision: number;
  readonly properties: readonly ServedProperty[];
}

/** The event `change` of `GET /v1/config/stream`. */
export interface ConfigChange {
  readonly revision: number;
  readonly set: readonly ServedProperty[];
  readonly removed: readonly string[];
}

/** Paths of the configuration server; the query holds the asker's {@link DeploymentContext}. */
export const configPaths = {
  effective: "/v1/config/effective",
  stream: "/v1/config/stream",
} as const;
