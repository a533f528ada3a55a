// What stands behind the proxies: `/small` answers 1 KiB of JSON, `/big` 1 MiB; a request's body is read first.
import { createServer } from "node:http";

const small = Buffer.from(JSON.stringify({ title: "x".repeat(1_000) }));
const big = Buffer.alloc(1024 * 1024, "x");
createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  const body = req.url === "/big" ? big : small;
  const answer = () =>
    res.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
  if (req.method === "GET") return answer();
  req.on("end", answer);
  req.resume();
}).listen(Number(process.argv[2]), "127.0.0.1");
