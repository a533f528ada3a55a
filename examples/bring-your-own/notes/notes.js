import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Notes in an SQLite file that several processes share. */
export function openNotes(file) {
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: 2_000 });
  db.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at TEXT NOT NULL)");
  const list = db.prepare("SELECT id, text, at FROM notes ORDER BY id DESC LIMIT 100");
  const one = db.prepare("SELECT id, text, at FROM notes WHERE id = ?");
  const add = db.prepare("INSERT INTO notes (text, at) VALUES (?, ?) RETURNING id, text, at");
  const remove = db.prepare("DELETE FROM notes WHERE id = ?");
  return {
    list: () => list.all(),
    get: (id) => one.get(id),
    add: (text) => add.get(text, new Date().toISOString()),
    remove: (id) => remove.run(id).changes > 0,
    close: () => db.close(),
  };
}
