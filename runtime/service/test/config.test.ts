import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { temporaryDirectory, waitFor } from "@holdfast/testing";
import { encodeSse, type ServedProperty } from "@holdfast/wire";
import { imports, start } from "./child.ts";
import { freePort } from "./free-port.ts";

const program = `${imports} import { property } from "@holdfast/service"; process.chdir(process.env.WHERE);
const limit = property("limit", 1); const name = property("name", "nobody");
await serve({ name: "told", handler: (req, res) => res.end(limit.get() + " " + name.get()) });`;

function served(key: string, value: string, more: Partial<ServedProperty> = {}): ServedProperty {
  return { key, value, scope: {}, revision: 1, author: "ada", atMs: 5, reason: "a try", ...more };
}

/** A configuration server of which the test is the rest. */
class StubServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  asked = "";
  url = "";

  constructor(properties: readonly ServedProperty[]) {
    this.#server = createServer((req, res) => {
      this.asked = `${req.headers.authorization ?? ""} ${req.url ?? ""}`;
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.write(encodeSse({ event: "snapshot", data: JSON.stringify({ epoch: "e", revision: 1, properties }) }));
      this.#streams.add(res);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const bound = this.#server.address();
    this.url = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    return this;
  }

  change(revision: number, ...set: ServedProperty[]): void {
    const data = JSON.stringify({ revision, set, removed: [] });
    for (const stream of this.#streams) stream.write(encodeSse({ event: "change", data }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

test("a service starts with its files' and its server's values, follows both, and starts on without a server", async () => {
  using directory = temporaryDirectory("service-config");
  const where = directory.path;
  mkdirSync(join(where, "config"));
  writeFileSync(join(where, "config/application.yaml"), "limit: 2\nname: ada\n");
  writeFileSync(join(where, "config/application-prod.properties"), "name=grace\n");
  const server = await new StubServer([served("limit", "3")]).listen();
  const adminPort = await freePort();
  const environment = {
    WHERE: where,
    HOLDFAST_ENVIRONMENT: "prod",
    HOLDFAST_SERVICE: "told",
    HOLDFAST_INSTANCE_TOKEN: "t0ken",
    HOLDFAST_ADMIN_PORT: String(adminPort),
    HOLDFAST_CONFIG_SERVERS: server.url,
    HOLDFAST_CONFIG_SNAPSHOT: join(where, "state/config.json"),
  };
  {
    await using child = await start({ program, environment });
    const said = async (): Promise<string> => (await fetch(`http://127.0.0.1:${child.port}/`)).text();
    assert.equal(await said(), "3 grace");
    assert.match(server.asked, /^Bearer t0ken \/v1\/config\/stream\?appId=told&env=prod$/);
    server.change(2, served("limit", "4"), served("password", "hunter2", { secret: true }));
    await waitFor("the pushed value", async () => (await said()) === "4 grace");
    writeFileSync(join(where, "config/application-prod.properties"), "name=edith\n");
    await waitFor("the file's new value", async () => (await said()) === "4 edith");
    const shown = await (await fetch(`http://127.0.0.1:${adminPort}/v1/config`)).text();
    assert.doesNotMatch(shown, /hunter2|t0ken/);
    const report = JSON.parse(shown) as {
      staleness: { isFresh: boolean };
      properties: { key: string; layers: unknown[] }[];
    };
    assert.equal(report.staleness.isFresh, true);
    const limit = report.properties.find(({ key }) => key === "limit");
    assert.deepEqual(
      limit?.layers.map((layer) => Object.values(layer as object).slice(0, 3)),
      [
        ["remote", "4", server.url],
        ["application", 2, "application.yaml:1"],
      ],
    );
    // Kept a second later.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
  }
  await server[Symbol.asyncDispose]();
  await using again = await start({ program, environment });
  assert.equal(await (await fetch(`http://127.0.0.1:${again.port}/`)).text(), "4 edith");
  assert.match(again.output(), /config\.snapshot\.used/);
});

test("a configuration file that cannot be read ends the start with its line", async () => {
  using directory = temporaryDirectory("service-config");
  mkdirSync(join(directory.path, "config"));
  writeFileSync(join(directory.path, "config/application.yaml"), "limit: 2\nlimit: 3\n");
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    cwd: import.meta.dirname,
    env: { PATH: process.env["PATH"], PORT: "0", WHERE: directory.path },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const errors = child.stderr === null ? "" : text(child.stderr);
  const [code] = (await once(child, "exit")) as [number];
  assert.notEqual(code, 0);
  assert.match(await errors, /application\.yaml:2: /);
});
