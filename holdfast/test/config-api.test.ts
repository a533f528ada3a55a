import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { waitFor } from "@holdfast/testing";
import type { ConfigChangeView, ConfigExplainAnswer, ConfigListenerView, ConfigView } from "@holdfast/wire/control";
import { ConfigWorld, instance } from "./config-world.ts";

const fleet = () => [instance("i-00000001", "ratings"), instance("i-00000002", "catalog", 1)];

suite("configuration API", () => {
  test("a change is kept, answered, and pushed to the instances it is for", async (t) => {
    const world = await ConfigWorld.make(t, fleet());
    const ratings = await world.listen("i-00000001");
    const catalog = await world.listen("i-00000002");
    await waitFor("both snapshots", () => ratings.events.length === 1 && catalog.events.length === 1);
    const edits = [{ key: "limit", scope: { appId: "Ratings" }, value: "5" }];
    const changed = await world.call("POST", "/v1/config/changes", { edits, author: "ann", reason: "peak" });
    assert.equal(changed.status, 200);
    const { revision, author, reason, edits: done } = changed.body as ConfigChangeView;
    assert.deepEqual([revision, author, reason], [1, "ann", "peak"]);
    assert.deepEqual(done, [{ key: "limit", scope: { appId: "ratings" }, before: null, after: "5" }]);
    await waitFor("the push", () => ratings.changes().length === 1);
    const pushed = ratings.changes()[0]?.set[0];
    assert.deepEqual([pushed?.key, pushed?.value, pushed?.author], ["limit", "5", "ann"]);
    assert.deepEqual(catalog.changes(), []);
    const listeners = (await world.call("GET", "/v1/config/instances")).body as ConfigListenerView[];
    assert.deepEqual(
      listeners.map(({ service, listening, revision: told }) => ({ service, listening, told })),
      [
        { service: "catalog", listening: true, told: 1 },
        { service: "ratings", listening: true, told: 1 },
      ],
    );
    for (const one of [ratings, catalog]) one.close();
    await waitFor("nobody listens", () => world.house.server.streams.size === 0);
  });

  test("an instance is asked for its own token, and is what control knows it to be, not what it says", async (t) => {
    const world = await ConfigWorld.make(t, fleet());
    const edits = ["ratings", "catalog"].map((appId) => ({ key: "who", scope: { appId }, value: appId }));
    await world.call("POST", "/v1/config/changes", {
      edits: [...edits, { key: "land", scope: { countries: "de" }, value: "y" }],
    });
    const path = "/v1/config/effective?serverId=i-00000001";
    const values = async (query: string): Promise<unknown> => {
      const { body } = await world.ask(`${path}${query}`, world.tokenOf("i-00000001"));
      return (body["properties"] as { key: string; value: string }[]).map(({ key, value }) => `${key}=${value}`);
    };
    assert.deepEqual(await values("&appId=catalog"), ["who=ratings"]);
    assert.deepEqual(await values("&countries=at,DE"), ["who=ratings", "land=y"]);
    for (const token of [undefined, "o".repeat(64), world.tokenOf("i-00000002")]) {
      const { status, body } = await world.ask(path, token);
      assert.deepEqual([status, body["code"]], [401, "UNAUTHENTICATED"]);
      assert.equal((await world.ask(path.replace("effective", "stream"), token)).status, 401);
    }
    const unknown = await world.ask("/v1/config/effective?serverId=i-99999999", world.tokenOf("i-99999999"));
    assert.deepEqual([unknown.status, unknown.body["code"]], [503, "CONFIG_INSTANCE_UNKNOWN"]);
    for (const operators of ["/v1/config/properties", "/v1/config/changes", "/v1/config/secrets"]) {
      assert.equal((await world.ask(operators, world.tokenOf("i-00000001"))).status, 401, operators);
    }
  });

  test("history, difference, rollback and explanation say who, when, why and from what to what", async (t) => {
    const world = await ConfigWorld.make(t, fleet());
    const set = (value: string): Promise<unknown> =>
      world.call("POST", "/v1/config/changes", { edits: [{ key: "a", value }], reason: `to ${value}` });
    await set("1");
    await set("2");
    const diff = await world.call("GET", "/v1/config/diff?from=1");
    assert.deepEqual(diff.body, [{ key: "a", scope: {}, before: "1", after: "2" }]);
    const back = (await world.call("POST", "/v1/config/rollback", { to: 1, reason: "no" })).body as ConfigChangeView;
    assert.deepEqual([back.kind, back.rollback, back.author], ["rollback", "back to revision 1", "operator"]);
    const history = (await world.call("GET", "/v1/config/changes?key=a&limit=2")).body as ConfigChangeView[];
    assert.deepEqual(
      history.map(({ revision, reason }) => [revision, reason]),
      [
        [3, "no"],
        [2, "to 2"],
      ],
    );
    const explained = (await world.call("GET", "/v1/config/explain?instance=i-00000001")).body as ConfigExplainAnswer;
    assert.deepEqual(explained.context, {
      serverId: "i-00000001",
      asg: "movies-ratings-v001",
      cluster: "movies-ratings",
      appId: "ratings",
      env: "prod",
      stack: "ratings",
      zone: "local-1a",
      region: "local-1",
    });
    assert.deepEqual(
      explained.keys.map(({ key, value, why }) => [key, value, why]),
      [["a", "1", "the only value for it: everywhere"]],
    );
    const list = (await world.call("GET", "/v1/config/properties?search=A")).body as ConfigView;
    assert.deepEqual([list.revision, list.state, list.matching, list.total], [3, "writable", 1, 1]);
    const bad = await world.call("POST", "/v1/config/rollback", { to: 1, undo: 2 });
    assert.equal(bad.status, 400);
    assert.equal((await world.call("GET", "/v1/config/explain?instance=i-x")).status, 404);
    const scope = await world.call("POST", "/v1/config/changes", {
      edits: [{ key: "a", value: "1", scope: { planet: "x" } }],
    });
    assert.match(scope.text, /body.edits.0.scope.planet/);
  });

  test("Archaius's query is answered to instances and operators, to nobody else", async (t) => {
    const world = await ConfigWorld.make(t, fleet());
    await world.call("POST", "/v1/config/changes", { edits: [{ key: "k", value: "v", scope: { appId: "x" } }] });
    const filter = encodeURIComponent("(appId='x' or appId is null) and (env is null)");
    const path = `/v1/config/propertiesList?skipPropsWithExtraScopes=&filter=${filter}`;
    const { body, text } = await world.call("GET", path);
    const { propertiesList } = body as { propertiesList: { propertyId: string }[] };
    const id = propertiesList[0]?.propertyId;
    assert.equal(
      text,
      `{"propertiesList":[{"key":"k","value":"v","propertyId":"${id}","serverId":null,"asg":null,"ami":null,"cluster":null,"appId":"x","env":null,"countries":null,"stack":null,"zone":null,"region":null}]}`,
    );
    const own = await world.ask(`${path}&serverId=i-00000001`, world.tokenOf("i-00000001"));
    assert.deepEqual(own.body, body);
    assert.equal((await world.ask(path, world.tokenOf("i-00000001"))).status, 401);
    const bad = await world.call("GET", "/v1/config/propertiesList?filter=appId%20%3D");
    assert.match(bad.text, /CONFIG_FILTER_INVALID.*at character 8/);
  });

  test("a trial is started, seen and taken back over the API", async (t) => {
    const world = await ConfigWorld.make(t, fleet());
    const ratings = await world.listen("i-00000001");
    const asked = { key: "t", value: "1", steps: [{ zones: ["local-1a"] }], reason: "try" };
    const started = await world.call("POST", "/v1/config/stages", asked);
    assert.equal(started.status, 201, started.text);
    const { id, steps, state } = started.body as { id: string; steps: string[]; state: string };
    assert.deepEqual([steps, state], [["zone local-1a", "all"], "running"]);
    await waitFor("the trial's value", () => ratings.changes().length === 1);
    assert.deepEqual(ratings.changes()[0]?.set[0]?.trial, { id, settled: null });
    const reverted = await world.call("POST", `/v1/config/stages/${id}/revert`, { reason: "enough" });
    assert.equal((reverted.body as { state: string }).state, "reverted");
    await waitFor("its end", () => ratings.changes().length === 2);
    assert.deepEqual(ratings.changes()[1]?.removed, ["t"]);
    ratings.close();
  });

  test("a planted secret is in no answer to an operator and in no file, only in the stream of who it is for", async (t) => {
    const world = await ConfigWorld.make(t, fleet());
    const planted = "pl4nted-p4ssw0rd";
    const ratings = await world.listen("i-00000001");
    const catalog = await world.listen("i-00000002");
    const answers = [
      await world.call("PUT", "/v1/config/secrets/DB", { value: planted, reason: "new" }),
      await world.call("POST", "/v1/config/changes", {
        edits: [{ key: "db", scope: { appId: "ratings" }, value: "u:secret('DB')" }],
      }),
      await world.call("PUT", "/v1/config/secrets/DB", { value: planted }),
      await world.call("PUT", "/v1/config/secrets/D%20B", { value: planted }),
      await world.call("PUT", "/v1/config/secrets/DB", { value: planted, surplus: planted }),
      await world.call("POST", "/v1/config/secrets/DB/remove", {}),
      await world.call("POST", "/v1/config/stages", {
        key: "db",
        scope: { appId: "ratings" },
        value: "secret('DB')!",
        steps: [{ fraction: 1 }],
      }),
      await world.call("POST", "/v1/config/secret-keys/rotate"),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 409, 400, 400, 409, 201, 200],
    );
    for (const path of [
      "properties",
      "changes",
      "diff?from=0",
      "explain?instance=i-00000001",
      "instances",
      "stages",
      "secrets",
      "propertiesList",
    ]) {
      const answer = await world.call("GET", `/v1/config/${path}`);
      assert.equal(answer.status, 200, path);
      answers.push(answer);
    }
    await waitFor("the secret where it is wanted", () => ratings.changes().at(-1)?.set[0]?.value === `${planted}!`);
    assert.equal(ratings.changes().at(-1)?.set[0]?.secret, true);
    assert.deepEqual(world.remarks.slice(0, 3), [
      "config r1 by operator: secret DB changed: new",
      "config r2 by operator: db (appId=ratings) none → u:secret('DB')",
      `config r3 by operator: stage-started ${world.house.server.stages()[0]?.id ?? ""}`,
    ]);
    const files = readdirSync(world.directory).map((name) => readFileSync(join(world.directory, name), "latin1"));
    assert.ok(files.length >= 2);
    const all = [
      ...world.remarks,
      ...answers.map(({ text }) => text),
      ...catalog.events.map(({ data }) => data),
      ...files,
    ];
    assert.ok(all.some((text) => text.includes("DB")));
    for (const text of all) assert.ok(!text.includes(planted), text.slice(0, 200));
    for (const one of [ratings, catalog]) one.close();
  });
});
