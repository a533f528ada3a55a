import { randomBytes } from "node:crypto";
import { renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { Change, PropertyRow } from "../change.ts";
import { rowOf } from "../property-book.ts";
import { scopeName } from "../scope.ts";
import type { SecretRecord } from "../secrets/secret-record.ts";
import type { StageRecord } from "../stage/stage.ts";
import {
  type ChangeQuery,
  type ConfigOpening,
  type ConfigWrite,
  changesKeptMax,
  type StoredConfig,
  stagesKeptMax,
} from "./config-store.ts";
import type { SqliteWorkerData } from "./sqlite-protocol.ts";

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE changes (revision INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE touched (key TEXT, revision INTEGER, PRIMARY KEY (key, revision)) WITHOUT ROWID;
  CREATE TABLE properties (key TEXT, scope TEXT, body TEXT NOT NULL, PRIMARY KEY (key, scope)) WITHOUT ROWID;
  CREATE TABLE stages (id TEXT PRIMARY KEY, started INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE secrets (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
`;

/** The layout of the tables; a file with a higher one was written by a newer Holdfast. */
const layout = 1;
// SQLITE_CORRUPT and SQLITE_NOTADB (sqlite3.h).
const corruptCodes = new Set([11, 26]);

/** The blocking half of the SQLite store: an append-only history, and the values that count now. */
export class SqliteConfigDatabase {
  readonly #data: SqliteWorkerData;
  #db: DatabaseSync | undefined;
  #statements = new Map<string, StatementSync>();

  constructor(data: SqliteWorkerData) {
    this.#data = data;
  }

  /** Opens and reads all but the history; a file that is no sound database is moved aside first. */
  open(): ConfigOpening {
    let movedAside: string | undefined;
    try {
      this.#open();
    } catch (error) {
      // A full disk has no room for the files that sharing a database needs, yet its content is there to be read.
      if (!isCorrupt(error)) return { movedAside: undefined, stored: this.#readAlone(error) };
      movedAside = this.#moveAside();
      this.#open();
    }
    return { movedAside, stored: this.#read() };
  }

  /** Writes all or nothing. After a failure the file is opened again: the old handle may be wedged. */
  write(writes: readonly ConfigWrite[]): void {
    if (this.#db === undefined) this.#open();
    try {
      this.#run("BEGIN IMMEDIATE");
      for (const write of writes) this.#apply(write);
      this.#run("COMMIT");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  changes(query: ChangeQuery): Change[] {
    if (this.#db === undefined) this.#open();
    const { after = 0, before = Number.MAX_SAFE_INTEGER, key, limit } = query;
    const ofKey = key === undefined ? "" : "JOIN touched USING (revision)";
    const where = key === undefined ? "" : "AND touched.key = ?";
    const sql = `SELECT body FROM changes ${ofKey} WHERE revision > ? AND revision < ? ${where}
      ORDER BY revision DESC LIMIT ?`;
    const values = key === undefined ? [after, before, limit] : [after, before, key, limit];
    return this.#prepare(sql)
      .all(...values)
      .map((row) => parse(row) as Change);
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
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304");
      // What a removed secret left behind must not be found in free pages.
      db.exec("PRAGMA secure_delete = ON");
      const pageSize = Number(db.prepare("PRAGMA page_size").get()?.["page_size"] ?? 4_096);
      db.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(this.#data.bytesMax / pageSize))}`);
      const check = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
      if (check !== "ok") throw corruptError(String(check));
      const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
      if (found > layout) {
        throw new Error(`${this.#data.file} was written by a newer version (layout ${found}, known: ${layout})`);
      }
      if (found < layout) {
        const epoch = randomBytes(8).toString("hex");
        db.exec(
          `BEGIN; ${schema} INSERT INTO meta VALUES ('epoch', '${epoch}'); PRAGMA user_version = ${layout}; COMMIT`,
        );
      }
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
  }

  /** Reads a file that was closed cleanly without touching anything beside it. @throws `reason` when it was not. */
  #readAlone(reason: unknown): StoredConfig {
    const { file } = this.#data;
    const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
    if ((log !== undefined && log.size > 0) || statSync(file, { throwIfNoEntry: false }) === undefined) throw reason;
    const url = pathToFileURL(file);
    url.searchParams.set("immutable", "1");
    this.#db = new DatabaseSync(url, { readOnly: true });
    try {
      return this.#read();
    } finally {
      this.close();
    }
  }

  #read(): StoredConfig {
    const all = (sql: string): unknown[] =>
      this.#prepare(sql)
        .all()
        .map((row) => parse(row));
    const one = (sql: string): unknown => this.#prepare(sql).get()?.["value"];
    return {
      epoch: String(one("SELECT value FROM meta WHERE key = 'epoch'")),
      revision: Number(one("SELECT max(revision) AS value FROM changes") ?? 0),
      rows: all("SELECT body FROM properties") as PropertyRow[],
      stages: all("SELECT body FROM stages ORDER BY started, id") as StageRecord[],
      secrets: all("SELECT body FROM secrets") as SecretRecord[],
    };
  }

  #apply(write: ConfigWrite): void {
    switch (write.kind) {
      case "change":
        return this.#append(write.change);
      case "stage": {
        const { stage } = write;
        this.#run("INSERT INTO stages VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          stage.id,
          stage.startedAtMs,
          JSON.stringify(stage),
        ]);
        this.#run("DELETE FROM stages WHERE id NOT IN (SELECT id FROM stages ORDER BY started DESC LIMIT ?)", [
          stagesKeptMax,
        ]);
        return;
      }
      case "secret":
        this.#run("INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          write.secret.name,
          JSON.stringify(write.secret),
        ]);
        return;
      case "secret-removed":
        this.#run("DELETE FROM secrets WHERE name = ?", [write.name]);
        return;
      default:
        write satisfies never;
    }
  }

  #append(change: Change): void {
    this.#run("INSERT INTO changes VALUES (?, ?)", [change.revision, JSON.stringify(change)]);
    const oldest = change.revision - changesKeptMax;
    if (oldest > 0) {
      this.#run("DELETE FROM changes WHERE revision <= ?", [oldest]);
      // By the page of the index that the join would not find any more; now and then is enough.
      if (change.revision % 1_000 === 0) this.#run("DELETE FROM touched WHERE revision <= ?", [oldest]);
    }
    for (const edit of change.edits) {
      const scope = scopeName(edit.scope);
      this.#run("INSERT OR IGNORE INTO touched VALUES (?, ?)", [edit.key, change.revision]);
      if (edit.after === null) {
        this.#run("DELETE FROM properties WHERE key = ? AND scope = ?", [edit.key, scope]);
      } else {
        this.#run("INSERT INTO properties VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", [
          edit.key,
          scope,
          JSON.stringify(rowOf(change, edit, edit.after)),
        ]);
      }
    }
  }

  #run(sql: string, values: readonly (string | number)[] = []): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#db === undefined) throw new Error("the configuration's file is closed");
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
