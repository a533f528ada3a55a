import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { startRegistry } from "../src/start.ts";

/** Sends bytes as they are and reads until the other side ends; "" when it does not within two seconds. */
function rawCall(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

test("a write without any body, not even a length, is answered at once at both doors", async () => {
  const running = await startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [] });
  try {
    await running.synced;
    const port = Number(new URL(running.url).port);
    for (const [line, status] of [
      ["PUT /v1/registry/instances/catalog/i-1", 400],
      ["POST /eureka/v2/apps/CATALOG", 400],
      ["POST /eureka/v2/peerreplication/batch/", 400],
      ["PUT /eureka/v2/apps/CATALOG/i-1", 404],
      ["GET /eureka/v2/apps", 200],
    ] as const) {
      const answer = await rawCall(port, `${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      assert.equal(answer.slice(0, 12), `HTTP/1.1 ${status}`, line);
    }
  } finally {
    await running.close();
  }
});
