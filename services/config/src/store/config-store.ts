import type { Change, PropertyRow } from "../change.ts";
import type { SecretRecord } from "../secrets/secret-record.ts";
import type { StageRecord } from "../stage/stage.ts";

/** All that a start needs; the history stays in the store. */
export interface StoredConfig {
  /** Made anew with the file: revisions of another epoch do not compare. */
  readonly epoch: string;
  readonly revision: number;
  readonly rows: readonly PropertyRow[];
  /** Running ones, and the latest hundred that ended. */
  readonly stages: readonly StageRecord[];
  readonly secrets: readonly SecretRecord[];
}

/** A list of these is written whole or not at all. */
export type ConfigWrite =
  /** Appends to the history and brings the values that count along. */
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "stage"; readonly stage: StageRecord }
  | { readonly kind: "secret"; readonly secret: SecretRecord }
  | { readonly kind: "secret-removed"; readonly name: string };

/** Which changes; newest first, at most `limit`. */
export interface ChangeQuery {
  readonly limit: number;
  /** Only revisions above this. */
  readonly after?: number;
  /** Only revisions below this. */
  readonly before?: number;
  /** Only those that touch this key. */
  readonly key?: string;
}

/** The latest so many changes are kept. */
export const changesKeptMax = 100_000;
/** So many trials that have ended are kept. */
export const stagesKeptMax = 100;

/** What opening found. */
export interface ConfigOpening {
  readonly stored: StoredConfig;
  /** Where a file that was no usable database was moved, when there was one. */
  readonly movedAside: string | undefined;
}

/** The disk as an argument. Calls are answered in order. */
export interface ConfigStore {
  /** @throws what the disk says, when it can be neither opened nor started anew. */
  open(): Promise<ConfigOpening>;
  /** Resolves once written. @throws what the disk says; nothing was changed then. */
  write(writes: readonly ConfigWrite[]): Promise<void>;
  changes(query: ChangeQuery): Promise<Change[]>;
  close(): Promise<void>;
}
