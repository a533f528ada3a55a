import { parentPort, workerData } from "node:worker_threads";
import { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteAnswer, SqliteRequest } from "./sqlite-protocol.ts";

/** Entry of the worker thread that owns the state file: node:sqlite blocks, and control must not. */
const database = new SqliteDatabase(workerData);

parentPort?.on("message", (request: SqliteRequest) => {
  parentPort?.postMessage(answer(request));
  if (request.op === "close") parentPort?.close();
});

function answer(request: SqliteRequest): SqliteAnswer {
  try {
    return { id: request.id, ok: true, value: perform(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const errcode = error instanceof Error && "errcode" in error ? Number(error.errcode) : undefined;
    return { id: request.id, ok: false, message, errcode };
  }
}

function perform(request: SqliteRequest): unknown {
  switch (request.op) {
    case "open":
      return database.open(request.activitiesMax);
    case "write":
      return database.write(request.changes);
    case "activities":
      return database.activities(request.limit, request.before);
    case "close":
      return database.close();
    default:
      return request satisfies never;
  }
}
