// The peer: a bare node:http server that answers 200 with nothing, or with the bytes of a file.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const file = process.env["HOLDFAST_BENCH_BODY"];
const body = file === undefined ? undefined : readFileSync(file);
const headers =
  body === undefined
    ? {}
    : { "content-type": "application/json", "content-encoding": "gzip", "content-length": body.length };
const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  req.resume();
  res.writeHead(200, headers);
  res.end(body);
});
server.listen(Number(process.env["PORT"]), process.env["HOST"]);
