// An instance to be killed: listens, registers natively, renews each 3 s. usage: instance.mjs ID URL,URL,…
import { createServer } from "node:http";

const [, , id, urls] = process.argv;
const registries = urls.split(",");
const server = createServer((_req, res) => res.end("ok"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const incarnation = Date.now();
const record = {
  app: "victim",
  id,
  incarnation,
  version: 1,
  status: "UP",
  region: "local-1",
  zone: "a",
  address: "127.0.0.1",
  port: server.address().port,
  application: "bench",
  cluster: "bench-victim",
  serverGroup: "bench-victim-v000",
  verifiesIdentity: false,
  metadata: {},
};
const path = `${registries[0]}/v1/registry/instances/victim/${id}`;
const json = (value) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
await fetch(path, { method: "PUT", ...json(record) });
const renew = () => fetch(`${path}/renew`, { method: "POST", ...json({ incarnation, version: 1 }) });
setInterval(() => void renew().catch(() => {}), 3_000);
console.log("registered");
