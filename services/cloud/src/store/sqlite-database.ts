import { renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { ActivityView } from "@holdfast/wire/control";
import type { ServerGroup } from "../group.ts";
import type { GroupOperation } from "../groups/group-operation.ts";
import type { SqliteWorkerData } from "./sqlite-protocol.ts";
import { activitiesKeptMax, operationsKeptMax, type StoreOpening, type StoreWrite } from "./state-store.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS applications (name TEXT PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS server_groups (name TEXT PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS operations (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS activities (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
`;

/** Layout 1 had one group a cluster. The copy and the drop are one transaction with the new layout's number. */
const fromLayout1 = `
  INSERT OR REPLACE INTO server_groups SELECT json_extract(body, '$.name'), body FROM groups ORDER BY rowid;
  DROP TABLE groups;
`;

/** The layout of the tables; a file with a higher one was written by a newer Holdfast. */
const layout = 2;
// SQLITE_CORRUPT and SQLITE_NOTADB (sqlite3.h).
const corruptCodes = new Set([11, 26]);

/** The blocking half of the SQLite store. Lives in a worker thread. */
export class SqliteDatabase {
  readonly #data: SqliteWorkerData;
  #db: DatabaseSync | undefined;
  #statements = new Map<string, StatementSync>();

  constructor(data: SqliteWorkerData) {
    this.#data = data;
  }

  /** Opens and reads all; a file that is no sound database is moved aside first. */
  open(activitiesMax: number): StoreOpening {
    let movedAside: string | undefined;
    this.close();
    try {
      this.#open();
    } catch (error) {
      // A full disk has no room for the files that sharing a database needs, yet its content is there to be read.
      if (!isCorrupt(error)) return { movedAside: undefined, state: this.#readAlone(activitiesMax, error) };
      movedAside = this.#moveAside();
      this.#open();
    }
    return { movedAside, state: this.#read(activitiesMax) };
  }

  /** Writes all of `changes` or nothing. After a failure the file is opened again: the old handle may be wedged. */
  write(changes: readonly StoreWrite[]): void {
    if (this.#db === undefined) this.#open();
    try {
      this.#run("BEGIN IMMEDIATE");
      for (const change of changes) this.#apply(change);
      this.#run("COMMIT");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  activities(limit: number, before: number): ActivityView[] {
    if (this.#db === undefined) this.#open();
    const rows = this.#prepare("SELECT body FROM activities WHERE id < ? ORDER BY id DESC LIMIT ?").all(before, limit);
    return rows.map((row) => JSON.parse(String(row["body"])));
  }

  close(): void {
    this.#statements = new Map();
    try {
      this.#db?.close();
    } catch {
      // A handle that failed cannot always be closed cleanly; the file is sound all the same (WAL).
    }
    this.#db = undefined;
  }

  #open(): void {
    // A second process on the same file (a control that is just ending) holds it for moments only.
    const db = new DatabaseSync(this.#data.file, { timeout: 2_000 });
    try {
      // One control a state: the file's lock goes with the process that holds it, whatever it dies of.
      db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
      db.exec("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304");
      const pageSize = Number(db.prepare("PRAGMA page_size").get()?.["page_size"] ?? 4_096);
      db.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(this.#data.bytesMax / pageSize))}`);
      const check = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
      if (check !== "ok") throw corruptError(String(check));
      const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
      if (found > layout) {
        throw new Error(`${this.#data.file} was written by a newer version (layout ${found}, known: ${layout})`);
      }
      // A file that is whole needs no write to be read: a full disk must not keep control from starting.
      if (found < layout) {
        db.exec(`BEGIN; ${schema} ${found === 1 ? fromLayout1 : ""} PRAGMA user_version = ${layout}; COMMIT`);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
  }

  /** Reads a file that was closed cleanly without touching anything beside it. @throws `reason` when it was not. */
  #readAlone(activitiesMax: number, reason: unknown): StoreOpening["state"] {
    const { file } = this.#data;
    const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
    if ((log !== undefined && log.size > 0) || statSync(file, { throwIfNoEntry: false }) === undefined) throw reason;
    const url = pathToFileURL(file);
    url.searchParams.set("immutable", "1");
    this.#db = new DatabaseSync(url, { readOnly: true });
    try {
      return this.#read(activitiesMax);
    } finally {
      this.close();
    }
  }

  #read(activitiesMax: number): StoreOpening["state"] {
    const all = (sql: string): Record<string, unknown>[] => this.#prepare(sql).all();
    const meta = all("SELECT key, value FROM meta").map((row) => [String(row["key"]), String(row["value"])]);
    const applications = all("SELECT name, body FROM applications").map((row) => [row["name"], parse(row)]);
    return {
      meta: Object.fromEntries(meta),
      applications: Object.fromEntries(applications),
      groups: all(`SELECT body FROM ${this.#groupTable()} ORDER BY rowid`).map((row) => parse(row) as ServerGroup),
      operations: this.#has("operations")
        ? all("SELECT body FROM operations ORDER BY sequence").map((row) => parse(row) as GroupOperation)
        : [],
      activities: this.activities(activitiesMax, Number.MAX_SAFE_INTEGER).toReversed(),
    };
  }

  /** A file that cannot be written now may still have the layout before. */
  #groupTable(): string {
    return this.#has("server_groups") ? "server_groups" : "groups";
  }

  #has(table: string): boolean {
    return this.#prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  }

  #apply(change: StoreWrite): void {
    switch (change.kind) {
      case "meta":
        this.#run("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", [
          change.key,
          change.value,
        ]);
        return;
      case "application":
        this.#run("INSERT INTO applications VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          change.name,
          JSON.stringify(change.body),
        ]);
        return;
      case "group":
        this.#run("INSERT INTO server_groups VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          change.group.name,
          JSON.stringify(change.group),
        ]);
        return;
      case "group-removed":
        this.#run("DELETE FROM server_groups WHERE name = ?", [change.name]);
        return;
      case "operation":
        this.#run("INSERT INTO operations VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          change.operation.sequence,
          JSON.stringify(change.operation),
        ]);
        this.#run("DELETE FROM operations WHERE sequence <= ?", [change.operation.sequence - operationsKeptMax]);
        return;
      case "activity":
        this.#run("INSERT INTO activities VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          change.activity.id,
          JSON.stringify(change.activity),
        ]);
        this.#run("DELETE FROM activities WHERE id <= ?", [change.activity.id - activitiesKeptMax]);
        return;
      default:
        change satisfies never;
    }
  }

  #run(sql: string, values: readonly (string | number)[] = []): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#db === undefined) throw new Error("the state file is closed");
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #moveAside(): string {
    const stamp = new Date(this.#data.startedAtMs).toISOString().replaceAll(":", "-");
    const aside = `${this.#data.file}.corrupt-${stamp}`;
    renameSync(this.#data.file, aside);
    // A log of the old file must not be replayed into the new one.
    for (const suffix of ["-wal", "-shm"]) rmSync(`${this.#data.file}${suffix}`, { force: true });
    return aside;
  }
}

function parse(row: Record<string, unknown>): unknown {
  return JSON.parse(String(row["body"]));
}

function isCorrupt(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && corruptCodes.has(Number(error.errcode) & 0xff);
}

function corruptError(found: string): Error {
  return Object.assign(new Error(`quick_check: ${found}`), { errcode: 11 });
}
