import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { startRegistry } from "@holdfast/registry-server";
import { registryOpenApi } from "../src/openapi.ts";

test("every operation of the document is one the registry knows, and the document is served", async () => {
  const running = await startRegistry(new SystemClock(), systemRandom(), silentLog, { name: "a", peers: [] });
  try {
    await running.synced;
    let asked = 0;
    for (const [path, operations] of Object.entries(registryOpenApi.paths)) {
      for (const method of Object.keys(operations).filter((key) => key !== "parameters")) {
        if (path.endsWith("/stream")) continue;
        const url = `${running.url}${path.replace("{app}", "catalog").replace("{id}", "i-1")}`;
        const hasBody = method === "put" || method === "post";
        const response = await fetch(url, { method: method.toUpperCase(), ...(hasBody ? { body: "{}" } : {}) });
        const answer: unknown = JSON.parse((await response.text()) || "{}");
        const code = typeof answer === "object" && answer !== null && "code" in answer ? answer.code : undefined;
        assert.notEqual(code, "PATH_UNKNOWN", `${method} ${path}`);
        assert.notEqual(code, "METHOD_UNKNOWN", `${method} ${path}`);
        assert.ok(response.status < 500, `${method} ${path}: ${response.status}`);
        asked += 1;
      }
    }
    assert.ok(asked >= 15, `${asked} operations`);
    assert.deepEqual(
      await (await fetch(`${running.url}/openapi.json`)).json(),
      JSON.parse(JSON.stringify(registryOpenApi)),
    );
  } finally {
    await running.close();
  }
});

test("the document in docs/api is the one that is served", () => {
  const kept: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../../../docs/api/registry.json"), "utf8"));
  assert.deepEqual(kept, JSON.parse(JSON.stringify(registryOpenApi)), "node services/registry/src/write-openapi.ts");
});

test("every schema that is named exists", () => {
  const named = JSON.stringify(registryOpenApi).matchAll(/#\/components\/schemas\/(\w+)/g);
  const known = Object.keys(registryOpenApi.components.schemas);
  assert.deepEqual(
    [...named].map((match) => match[1]).filter((name) => !known.includes(name ?? "")),
    [],
  );
});
