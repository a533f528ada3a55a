// The least a proxy in this language can be: node:http and an undici Pool, headers and bodies both ways, back-pressure, ends.
// `node bare-proxy.mjs <port> <origin's port> <peers>`.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const [port, origin, peers] = process.argv.slice(2);
const { Pool } = createRequire(join(peers, "package.json"))("undici");
const pool = new Pool(`http://127.0.0.1:${origin}`, { connections: 256 });

createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  const { connection: _connection, "transfer-encoding": chunked, ...headers } = req.headers;
  const body = chunked !== undefined || Number(headers["content-length"]) > 0 ? req : null;
  pool
    .request({ method: req.method, path: req.url.slice("/to/origin".length) || "/", headers, body })
    .then((answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.body.pipe(res);
    })
    .catch(() => res.destroy());
}).listen(Number(port), "127.0.0.1");
