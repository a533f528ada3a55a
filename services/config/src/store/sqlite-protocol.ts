import type { ChangeQuery, ConfigWrite } from "./config-store.ts";

/** What the main thread asks of the SQLite worker; `id` pairs an answer with its question. */
export type SqliteRequest =
  | { readonly id: number; readonly op: "open" }
  | { readonly id: number; readonly op: "write"; readonly writes: readonly ConfigWrite[] }
  | { readonly id: number; readonly op: "changes"; readonly query: ChangeQuery }
  | { readonly id: number; readonly op: "close" };

export type SqliteAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };

export interface SqliteWorkerData {
  readonly file: string;
  /** The file never grows beyond this, in bytes. */
  readonly bytesMax: number;
  /** Wall time for the name of a file that is moved aside. */
  readonly startedAtMs: number;
}
