/** Where a value can come from, strongest first (Archaius 2's layers). */
export const layers = ["runtime", "remote", "environment", "application", "libraries", "default"] as const;
export type Layer = (typeof layers)[number];

/** What a source can say of one key. Lists and maps are texts, which a property's type reads. */
export type Value = string | number | boolean;

/** Who said a value, when and why. Never holds the value of a secret in clear. */
export interface Origin {
  /** Where it stands: `application.yaml:12`, `HOLDFAST_RATINGS_LIMIT`, `http://127.0.0.1:7070`, `set at run time`. */
  readonly source?: string;
  readonly author?: string;
  readonly reason?: string;
  /** Wall clock. Default: now. */
  readonly atMs?: number;
  /** The configuration server's count of changes. */
  readonly revision?: number;
  /** It is on trial with some instances only: the id of the staged change. */
  readonly trial?: string;
  /** Never to be shown. */
  readonly secret?: boolean;
}

export interface Entry {
  readonly value: Value;
  readonly origin: Origin & { readonly atMs: number };
}

/** What stands in place of a secret wherever values are shown. */
export const maskedValue = "**** MASKED ****";
