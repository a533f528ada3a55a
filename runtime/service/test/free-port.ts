import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  server.close();
  assert.ok(typeof bound === "object" && bound !== null);
  return bound.port;
}
