import { createRequire } from "node:module";
import { join } from "node:path";

// `fastify-proxy.mjs PORT ORIGIN_PORT PEERS`: @fastify/http-proxy as its README has it.
const [port, originPort, peers] = process.argv.slice(2);
const from = join(peers, "package.json");
const app = createRequire(from)("fastify")();
app.register(createRequire(from)("@fastify/http-proxy"), { upstream: `http://127.0.0.1:${originPort}` });
await app.listen({ port: Number(port), host: "127.0.0.1" });
