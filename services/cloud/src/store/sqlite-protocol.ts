import type { StoreWrite } from "./state-store.ts";

/** What the main thread asks of the SQLite worker; `id` pairs an answer with its question. */
export type SqliteRequest =
  | { readonly id: number; readonly op: "open"; readonly activitiesMax: number }
  | { readonly id: number; readonly op: "write"; readonly changes: readonly StoreWrite[] }
  | { readonly id: number; readonly op: "activities"; readonly limit: number; readonly before: number }
  | { readonly id: number; readonly op: "close" };

export type SqliteAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly errcode: number | undefined };

export interface SqliteWorkerData {
  readonly file: string;
  /** The file never grows beyond this, in bytes. */
  readonly bytesMax: number;
  /** Wall time for the name of a file that is moved aside. */
  readonly startedAtMs: number;
}
