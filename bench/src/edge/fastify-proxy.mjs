import { createRequire } from "node:module";

// `fastify-proxy.mjs PORT ORIGIN_PORT PEERS`: @fastify/http-proxy as its README has it.
const [port = "0", originPort = "0", peers = "."] = process.argv.slice(2);
const require = createRequire(`${peers}/package.json`);
const fastify = require("fastify");
const app = fastify();
app.register(require("@fastify/http-proxy"), { upstream: `http://127.0.0.1:${originPort}` });
await app.listen({ port: Number(port), host: "127.0.0.1" });
