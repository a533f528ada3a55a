import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { hasCode, JsonLog, SystemClock } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory } from "@holdfast/testing";
import { ConfigServer } from "../src/config-server.ts";
import { KeyRing, normalScope, SqliteConfigStore } from "../src/index.ts";
import { FakeFigures, FakeProcess, makeWorld, told } from "./world.ts";

const planted = "pl4nted-p4ssw0rd";
const later = "pl4nted-l4ter";

describe("secrets", () => {
  it("come open to the process that a value is for, marked, and new at once when they change", async (t) => {
    const { server, listen } = await makeWorld(t);
    await server.setSecret("DB_PASSWORD", planted, told);
    await server.set(
      [{ key: "db.url", scope: { appId: "movies" }, value: `postgres://u:secret('DB_PASSWORD')@db` }],
      told,
    );
    const own = listen({ appId: "movies" });
    const other = listen({ appId: "games" });
    assert.deepEqual([own.value("db.url"), own.values.get("db.url")?.secret], [`postgres://u:${planted}@db`, true]);
    assert.equal(other.values.size, 0);
    await server.setSecret("DB_PASSWORD", later, told);
    assert.equal(own.value("db.url"), `postgres://u:${later}@db`);
    assert.ok(!other.text.includes("pl4nted"));
    await assert.rejects(server.setSecret("DB_PASSWORD", later, told), (error) => hasCode(error, "CONFIG_UNCHANGED"));
  });

  it("mark a value as secret also when only what it falls back to after its trial is one", async (t) => {
    const { server, listen, figures } = await makeWorld(t);
    figures.fleet.set("i-1", { zone: "a", requests: 0, errors: 0, p99Ms: 0, unwell: false });
    await server.setSecret("S", planted, told);
    await server.set([{ key: "k", scope: {}, value: "secret('S')" }], told);
    await server.startStage({ ...told, key: "k", scope: {}, value: "plain", steps: [{ fraction: 1 }] });
    const { trial, secret, value } = listen({ serverId: "i-1", appId: "movies" }).values.get("k") ?? {};
    assert.deepEqual([value, trial?.settled, secret], ["plain", planted, true]);
  });

  it("cannot be named before they are there, nor removed while something names them", async (t) => {
    const { server } = await makeWorld(t);
    const set = (): Promise<unknown> => server.set([{ key: "k", scope: {}, value: 'secret("S")' }], told);
    await assert.rejects(set(), (error) => hasCode(error, "SECRET_UNKNOWN"));
    await server.setSecret("S", planted, told);
    await set();
    await assert.rejects(server.removeSecret("S", told), (error) => hasCode(error, "SECRET_IN_USE"));
    await server.set([{ key: "k", scope: {}, value: null }], told);
    await server.removeSecret("S", told);
    assert.deepEqual(server.secrets(), []);
    await assert.rejects(server.setSecret("no good", "x", told), (error) => hasCode(error, "SECRET_INVALID"));
    await assert.rejects(server.setSecret("S", "", told), (error) => hasCode(error, "SECRET_INVALID"));
  });

  it("are sealed anew under a new key, open as before, and the old key is gone", async (t) => {
    const { server, store, keysFile, open } = await makeWorld(t);
    await server.setSecret("S", planted, told);
    await server.set([{ key: "k", scope: {}, value: "secret('S')" }], told);
    const [before] = (await store.open()).stored.secrets;
    const oldKeys = Object.keys(JSON.parse(readFileSync(keysFile, "utf8")).keys);
    assert.equal(await server.rotateKeys(), 1);
    const [after] = (await store.open()).stored.secrets;
    assert.notEqual(after?.envelope.keyId, before?.envelope.keyId);
    assert.deepEqual(after?.envelope.value, before?.envelope.value);
    const keys = Object.keys(JSON.parse(readFileSync(keysFile, "utf8")).keys);
    assert.deepEqual([keys.length, keys.some((key) => oldKeys.includes(key))], [1, false]);
    const next = await open();
    assert.equal(next.snapshot({}).properties[0]?.value, planted);
  });

  it("whose key is lost or whose envelope was changed are not served, and the rest is", async (t) => {
    const { server, store, keysFile, open } = await makeWorld(t);
    await server.setSecret("A", planted, told);
    await server.setSecret("B", later, told);
    await server.set(
      ["A", "B", "plain"].map((key) => ({ key, scope: {}, value: key === "plain" ? "1" : `secret('${key}')` })),
      told,
    );
    const [a, b] = (await store.open()).stored.secrets;
    assert.ok(a !== undefined && b !== undefined);
    await store.write([{ kind: "secret", secret: { ...b, envelope: a.envelope } }]);
    const swapped = await open();
    assert.deepEqual(
      swapped.snapshot({}).properties.map(({ key }) => key),
      ["A", "plain"],
    );
    const keys = readFileSync(keysFile, "utf8");
    for (const damaged of [keys.slice(0, 50), '{"format":2}', keys.replace(/"keys":\{"\w+"/, '"keys":{"other"')]) {
      writeFileSync(keysFile, damaged);
      const life = await open();
      assert.deepEqual(
        life.snapshot({}).properties.map(({ key }) => key),
        ["plain"],
      );
      await assert.rejects(life.setSecret("C", "x", told), (error) => hasCode(error, "SECRET_KEY_LOST"));
      assert.equal(readFileSync(keysFile, "utf8"), damaged, "never overwritten");
    }
    rmSync(keysFile);
    const keyless = await open();
    assert.deepEqual(
      keyless.snapshot({}).properties.map(({ key }) => key),
      ["plain"],
    );
  });

  it("stand nowhere else: no answer, history, explanation, log, error, file of the state directory", async (t) => {
    using directory = temporaryDirectory("config-secrets");
    const lines: string[] = [];
    const clock = new FakeClock();
    const log = new JsonLog(
      (line) => lines.push(line),
      () => clock.wallMs(),
      "debug",
    );
    const figures = new FakeFigures(clock);
    figures.fleet.set("i-1", { zone: "a", requests: 100, errors: 50, p99Ms: 1, unwell: false });
    const keysFile = join(directory.path, "config-keys.json");
    const store = new SqliteConfigStore(new SystemClock(), join(directory.path, "config.db"));
    const parts = { clock, log, store, keys: new KeyRing(keysFile), figures, newId: () => "1" };
    const server = ConfigServer.of(parts, await store.open());
    t.after(() => server.close());
    const told1 = { author: "ann", reason: "new one" };
    await server.setSecret("DB_PASSWORD", planted, told1);
    await server.set([{ key: "db", scope: {}, value: "secret('DB_PASSWORD')" }], told1);
    await server.setSecret("DB_PASSWORD", later, told1);
    await server.startStage({
      ...told1,
      key: "db",
      scope: {},
      value: "x-secret('DB_PASSWORD')",
      steps: [{ fraction: 1 }],
    });
    const process = new FakeProcess();
    server.streams.add(normalScope({ serverId: "i-1", appId: "movies" }), process);
    assert.ok(process.text.includes(later), "the process itself has it");
    await clock.advance(1_000);
    await server.rotateKeys();
    await server.rollbackTo(2, told1).catch((error: unknown) => lines.push(inspect(error)));
    await server.removeSecret("DB_PASSWORD", told1).catch((error: unknown) => lines.push(inspect(error)));
    const answers = [
      server.rows(),
      server.secrets(),
      server.stages(),
      server.explain({ serverId: "i-1" }),
      await server.history({ limit: 100 }),
      await server.diff(0, server.revision),
      server.streams.listeners(),
      parts,
      server,
    ];
    const told2 = inspect(answers, { depth: 20, showHidden: true });
    assert.ok(told2.includes("DB_PASSWORD"));
    const files = readdirSync(directory.path).map((name) => readFileSync(join(directory.path, name), "latin1"));
    assert.ok(files.length >= 2);
    for (const text of [told2, ...lines, ...files]) {
      for (const secret of [planted, later]) {
        assert.ok(!text.includes(secret), text.slice(0, 300));
        assert.ok(!text.includes(Buffer.from(secret).toString("base64").slice(0, 12)));
      }
    }
    assert.equal(statSync(keysFile).mode & 0o777, 0o600);
    const changes = (await server.history({ limit: 100 })).filter(({ kind }) => kind === "secret");
    assert.match(changes[0]?.secret?.after ?? "", /^[0-9a-f]{12}$/);
    assert.notEqual(changes[0]?.secret?.after, changes[0]?.secret?.before);
  });
});
