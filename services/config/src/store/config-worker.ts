import { parentPort, workerData } from "node:worker_threads";
import { SqliteConfigDatabase } from "./sqlite-config-database.ts";
import type { SqliteAnswer, SqliteRequest } from "./sqlite-protocol.ts";

/** Entry of the worker thread that owns the file: node:sqlite blocks, and control must not. */
const database = new SqliteConfigDatabase(workerData);

parentPort?.on("message", (request: SqliteRequest) => {
  parentPort?.postMessage(answer(request));
  if (request.op === "close") parentPort?.close();
});

function answer(request: SqliteRequest): SqliteAnswer {
  try {
    return { id: request.id, ok: true, value: perform(request) };
  } catch (error) {
    return { id: request.id, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function perform(request: SqliteRequest): unknown {
  switch (request.op) {
    case "open":
      return database.open();
    case "write":
      return database.write(request.writes);
    case "changes":
      return database.changes(request.query);
    case "close":
      return database.close();
    default:
      return request satisfies never;
  }
}
