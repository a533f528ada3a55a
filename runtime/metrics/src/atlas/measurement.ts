/** One value of one series for one step, as Atlas is told. */
export interface Measurement {
  readonly tags: Readonly<Record<string, string>>;
  /** Wall ms: the end of the step. */
  readonly timestamp: number;
  readonly value: number;
}

/** The body of `POST /api/v1/publish`. `common` are tags of every measurement in it. */
export function publishBody(common: Readonly<Record<string, string>>, metrics: readonly Measurement[]): string {
  return JSON.stringify({ tags: common, metrics });
}
