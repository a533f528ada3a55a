// Servers for the client's benches, one for each port asked for: `node server.mjs <ports> <ok|500|503|slow|reset>`. Sends
// their ports to its parent, and on each message how many requests (of `reset`: connections) each of them has got.
import { createServer } from "node:http";

const [count = "1", mode = "ok"] = process.argv.slice(2);
const body = JSON.stringify({ hello: "world" });
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
const answer = (res, status) => res.writeHead(status, headers).end(body);
const handlers = {
  ok: (_req, res) => answer(res, 200),
  500: (_req, res) => answer(res, 500),
  503: (_req, res) => answer(res, 503),
  slow: (_req, res) => setTimeout(() => answer(res, 200), 300),
  reset: () => {},
};
const handle = handlers[mode];
const counts = Array.from({ length: Number(count) }, () => 0);
const ports = await Promise.all(
  counts.map((_, i) => {
    const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
      counts[i] += 1;
      handle(req, res);
    });
    if (mode === "reset") {
      server.on("connection", (socket) => {
        counts[i] += 1;
        socket.resetAndDestroy();
      });
    }
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
  }),
);
process.send?.(ports);
process.on("message", () => process.send?.(counts));
process.on("disconnect", () => process.exit(0));
