// Servers for the client's benches, one for each port asked for: `node server.mjs <ports> <ok|500|503|slow>`; prints their ports.
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
};
const ports = [];
for (let i = 0; i < Number(count); i++) {
  const server = createServer({ keepAliveTimeout: 65_000 }, handlers[mode]);
  server.listen(0, "127.0.0.1", () => {
    ports.push(server.address().port);
    if (ports.length === Number(count)) process.send?.(ports);
  });
}
process.on("disconnect", () => process.exit(0));
