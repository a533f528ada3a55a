import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeApplications, decodeInstance, encodeInstance } from "@holdfast/wire/eureka";
import { recordOf } from "../records.ts";
import { asJson, Door, fromPeer, type Reply } from "./door.ts";
import { instanceOf } from "./instances.ts";

const jsonBody = { "content-type": "application/json" };
const prefixes = ["/eureka/v2", "/eureka/v1", "/eureka", "/v2", "/eureka/v9"];

function idsIn(reply: Reply): string[] {
  const { applications } = decodeApplications(reply.text, "json");
  return applications.flatMap((app) => app.instances.map((instance) => instance.instanceId ?? "")).sort();
}

/** What the registry's clock had no part in. */
function timeless(text: string): string {
  return text.replaceAll(/\d{13}/g, "time");
}

test("an instance's whole life, at each of the prefixes", async () => {
  await using door = await Door.open();
  for (const [i, prefix] of prefixes.entries()) {
    const instance = instanceOf(`i-${i}`);
    const at = `${prefix}/apps/API/i-${i}`;
    const body = encodeInstance(instance, "json", "full");
    assert.equal((await door.send("POST", `${prefix}/apps/API`, { headers: jsonBody, body })).status, 204, prefix);
    const beat = await door.send("PUT", `${at}?status=UP&lastDirtyTimestamp=${instance.lastDirtyTimestamp}`);
    assert.deepEqual([beat.status, beat.text], [200, ""], prefix);
    assert.equal((await door.get(at)).status, 200, prefix);
    assert.deepEqual(idsIn(await door.get(`${prefix}/apps`)), [`i-${i}`]);
    assert.deepEqual(idsIn(await door.get(`${prefix}/apps/`)), [`i-${i}`]);
    assert.equal((await door.send("DELETE", at)).status, 200, prefix);
    assert.equal((await door.send("DELETE", at)).status, 404, prefix);
    assert.equal((await door.send("PUT", at)).status, 404, prefix);
  }
});

test("a registration that misses something is refused in Eureka's own words", async () => {
  await using door = await Door.open();
  const cases: [Record<string, unknown>, string][] = [
    [{ instanceId: " ", hostName: "" }, "Missing instanceId"],
    [{ hostName: "" }, "Missing hostname"],
    [{ ipAddr: "" }, "Missing ip address"],
    [{ app: "" }, "Missing appName"],
    [{ app: "OTHER" }, "Mismatched appName, expecting API but was OTHER"],
    [{ dataCenterInfo: undefined }, "Missing dataCenterInfo"],
    [
      { dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo" } },
      "Missing dataCenterInfo Name",
    ],
  ];
  const good = JSON.parse(encodeInstance(instanceOf("i-1"), "json", "full")).instance;
  for (const [fields, reason] of cases) {
    const body = JSON.stringify({ instance: { ...good, ...fields } });
    const reply = await door.send("POST", "/eureka/v2/apps/api", { headers: jsonBody, body });
    assert.deepEqual([reply.status, reply.text], [400, reason]);
    assert.match(reply.headers["content-type"] ?? "", /^text\/plain/);
  }
  assert.equal(door.registry.size, 0);
});

test("a registration in XML is the same as in JSON, told by its type or by its first sign", async () => {
  await using door = await Door.open();
  const fields = {
    metadata: { snake_key: "a<&>b", dollar$key: "", __proto__x: "p" },
    asgName: "API-v001",
    status: "DOWN",
  } as const;
  const types: [string, string | undefined][] = [
    ["i-1", "application/xml"],
    ["i-2", "text/xml;charset=UTF-8"],
    ["i-3", undefined],
    ["i-4", "application/json"],
    ["i-5", "text/plain"],
  ];
  for (const [id, type] of types) {
    const body = encodeInstance(instanceOf(id, fields), id > "i-3" ? "json" : "xml", "full");
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
    assert.equal((await door.send("POST", "/eureka/v2/apps/API", { headers, body })).status, 204, id);
  }
  const shown = await Promise.all(types.map(([id]) => door.get(`/eureka/v2/apps/API/${id}`, {})));
  const texts = shown.map((reply, i) => timeless(reply.text).replaceAll(`i-${i + 1}`, "id"));
  assert.equal(new Set(texts).size, 1, texts.join("\n"));
  assert.deepEqual({ ...decodeInstance(shown[0]?.text ?? "", "xml").metadata }, fields.metadata);
  assert.equal(decodeInstance(shown[0]?.text ?? "", "xml").status, "DOWN");
});

test("an XML bomb, a document that nests without end and one with a DTD are refused", async () => {
  await using door = await Door.open();
  const headers = { "content-type": "application/xml" };
  const bomb =
    '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;">]><instance><app>&y;</app></instance>';
  const external =
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><instance><hostName>&x;</hostName></instance>';
  for (const body of [bomb, external, "<a>".repeat(5_000), "<instance>", "<instance></app></instance>"]) {
    const reply = await door.send("POST", "/eureka/v2/apps/API", { headers, body });
    assert.equal(reply.status, 400, body.slice(0, 60));
    assert.notEqual(reply.text, "");
  }
});

test("a body that cannot be read is refused with the reason, one that is too long with 413, packed ones too", async () => {
  await using door = await Door.open();
  const post = (body: string | Buffer, headers: Record<string, string> = jsonBody): Promise<Reply> =>
    door.send("POST", "/eureka/apps/API", { headers, body });
  for (const body of ["", "{", "[]", '{"instance":7}', "\u0000"]) {
    const reply = await post(body);
    assert.equal(reply.status, 400, JSON.stringify(body));
    assert.notEqual(reply.text, "");
  }
  assert.equal((await post("x".repeat(70_000))).status, 413);
  const packed = { ...jsonBody, "content-encoding": "gzip" };
  assert.equal((await post(gzipSync("x".repeat(10_000_000)), packed)).status, 413);
  assert.equal((await post("not gzip", packed)).status, 400);
  assert.equal((await post("{}", { ...jsonBody, "content-encoding": "br" })).status, 400);
  assert.equal((await post(gzipSync(encodeInstance(instanceOf("i-1"), "json", "full")), packed)).status, 204);
  assert.equal(door.registry.size, 1);
});

test("an Amazon instance that names no instance id of Amazon's gets the one it registered with", async () => {
  await using door = await Door.open();
  const dataCenterInfo = { class: "com.netflix.appinfo.AmazonInfo", name: "Amazon", metadata: { "ami-id": "ami-1" } };
  await door.register(instanceOf("i-1", { dataCenterInfo }));
  assert.deepEqual(door.registry.find("api", "i-1")?.record.eureka?.dataCenterInfo?.metadata, {
    "ami-id": "ami-1",
    "instance-id": "i-1",
  });
});

test("an instance without an id is known by Amazon's id, else by its host name", async () => {
  await using door = await Door.open();
  const { instanceId: _, ...nameless } = instanceOf("x", { hostName: "web.host" });
  await door.register(nameless);
  const metadata = { "instance-id": "i-0123" };
  await door.register({
    ...nameless,
    dataCenterInfo: { class: "com.netflix.appinfo.AmazonInfo", name: "Amazon", metadata },
  });
  assert.equal((await door.send("PUT", "/eureka/apps/API/web.host")).status, 200);
  assert.equal((await door.send("PUT", "/eureka/apps/API/i-0123")).status, 200);
});

test("a heartbeat: 200, 404 when the client knows more than we do, 409 with our copy only for a peer that knows less", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1", { lastDirtyTimestamp: 2_000 }));
  const beat = (dirty: number, headers = {}): Promise<Reply> =>
    door.send("PUT", `/eureka/v2/apps/api/i-1?status=UP&lastDirtyTimestamp=${dirty}`, { headers });
  assert.equal((await beat(2_000)).status, 200);
  assert.equal((await beat(2_001)).status, 404);
  assert.equal((await beat(1_999)).status, 200);
  const reply = await beat(1_999, { ...fromPeer, ...asJson });
  assert.equal(reply.status, 409);
  assert.equal(decodeInstance(reply.text, "json").lastDirtyTimestamp, 2_000);
  assert.equal((await door.send("PUT", "/eureka/v2/apps/api/i-1?lastDirtyTimestamp=never")).status, 200);
});

test("an operator's status: set, dropped with and without a status to fall back to, and 404 or 500 when it cannot be", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  const at = "/eureka/v2/apps/API/i-1/status";
  const shown = async (): Promise<string[]> => {
    const instance = decodeInstance((await door.get("/eureka/apps/API/i-1")).text, "json");
    return [instance.status, instance.overriddenStatus];
  };
  assert.equal((await door.send("PUT", `${at}?value=OUT_OF_SERVICE`)).status, 200);
  assert.deepEqual(await shown(), ["OUT_OF_SERVICE", "OUT_OF_SERVICE"]);
  assert.deepEqual(JSON.parse((await door.get("/eureka/v2/serverinfo/statusoverrides")).text), {
    "i-1": "OUT_OF_SERVICE",
  });
  assert.equal((await door.send("DELETE", `${at}?value=UP`)).status, 200);
  assert.deepEqual(await shown(), ["UP", "UNKNOWN"]);
  assert.deepEqual(JSON.parse((await door.get("/eureka/serverinfo/statusoverrides")).text), {});

  await door.send("PUT", `${at}?value=OUT_OF_SERVICE`);
  assert.equal((await door.send("DELETE", at)).status, 200);
  assert.deepEqual(await shown(), ["UNKNOWN", "UNKNOWN"]);
  assert.equal((await door.send("PUT", "/eureka/apps/API/i-1")).status, 404);

  assert.equal((await door.send("PUT", `${at}?value=GREAT`)).status, 500);
  assert.equal((await door.send("PUT", at)).status, 500);
  assert.equal((await door.send("DELETE", `${at}?value=GREAT`)).status, 500);
  assert.equal((await door.send("PUT", "/eureka/apps/API/i-2/status?value=UP")).status, 404);
  assert.equal((await door.send("DELETE", "/eureka/apps/API/i-2/status")).status, 404);
});

test("metadata is changed by the query; of a key given twice the first counts", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1", { metadata: { a: "1" } }));
  assert.equal((await door.send("PUT", "/eureka/apps/API/i-1/metadata?b=x%20y&b=z&c.d=%C3%A9")).status, 200);
  const shown = decodeInstance((await door.get("/eureka/apps/API/i-1")).text, "json");
  assert.deepEqual({ ...shown.metadata }, { a: "1", b: "x y", "c.d": "é" });
  assert.equal((await door.send("PUT", "/eureka/apps/API/i-2/metadata?b=x")).status, 404);
});

test("all instances, those of an app, one of an app, one of any app", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  await door.register(instanceOf("i-2", { status: "DOWN" }));
  await door.register(instanceOf("i-3", { app: "WEB" }));
  const all = decodeApplications((await door.get("/eureka/v2/apps")).text, "json");
  assert.equal(all.appsHashcode, "DOWN_1_UP_2_");
  assert.deepEqual(all.applications.map((app) => app.name).sort(), ["API", "WEB"]);
  const app = JSON.parse((await door.get("/eureka/v2/apps/api")).text).application;
  assert.deepEqual([app.name, app.instance.length], ["API", 2]);
  assert.equal((await door.get("/eureka/v2/apps/nobody")).status, 404);
  assert.equal((await door.get("/eureka/v2/apps/web/i-3")).status, 200);
  assert.equal((await door.get("/eureka/v2/apps/web/i-1")).status, 404);
  assert.equal(decodeInstance((await door.get("/eureka/v2/instances/i-3")).text, "json").app, "WEB");
  assert.equal((await door.get("/eureka/v2/instances/i-9")).status, 404);
});

test("a vip matches whole names of a comma list, as they are written", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1", { vipAddress: "one.vip,two.vip", secureVipAddress: "s.vip" }));
  await door.register(instanceOf("i-2", { vipAddress: "two.vip", secureVipAddress: "s.vip" }));
  assert.deepEqual(idsIn(await door.get("/eureka/v2/vips/two.vip")), ["i-1", "i-2"]);
  assert.deepEqual(idsIn(await door.get("/eureka/v2/vips/one.vip")), ["i-1"]);
  assert.deepEqual(idsIn(await door.get("/eureka/v2/svips/s.vip")), ["i-1", "i-2"]);
  for (const path of ["vips/two", "vips/TWO.VIP", "vips/s.vip", "svips/one.vip"]) {
    assert.equal((await door.get(`/eureka/v2/${path}`)).status, 404, path);
  }
});

test("the delta tells each change once, the latest of it, with the hash of everything", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  await door.register(instanceOf("i-2"));
  await door.send("PUT", "/eureka/apps/API/i-1/status?value=OUT_OF_SERVICE");
  await door.send("DELETE", "/eureka/apps/API/i-2");
  const read = async (): Promise<unknown> => {
    const delta = decodeApplications((await door.get("/eureka/v2/apps/delta")).text, "json");
    const changes = delta.applications.flatMap((app) =>
      app.instances.map((one) => `${one.instanceId} ${one.actionType}`),
    );
    return { hash: delta.appsHashcode, changes: changes.sort() };
  };
  const expected = {
    hash: "OUT_OF_SERVICE_1_",
    changes: ["i-1 MODIFIED", "i-2 DELETED"],
  };
  assert.deepEqual(await read(), expected);
  assert.deepEqual(await read(), expected);
});

test("a group's status is taken in either case, anything else is refused", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1", { asgName: "API-v001" }));
  assert.equal((await door.send("PUT", "/eureka/v2/asg/API-v001/status?value=disabled")).status, 200);
  assert.equal(door.registry.find("api", "i-1")?.status, "OUT_OF_SERVICE");
  assert.equal((await door.send("PUT", "/eureka/v2/asg/API-v001/status?value=ENABLED")).status, 200);
  assert.equal(door.registry.find("api", "i-1")?.status, "UP");
  assert.equal((await door.send("PUT", "/eureka/v2/asg/API-v001/status?value=MAYBE")).status, 400);
  assert.equal((await door.send("PUT", "/eureka/v2/asg/API-v001/status")).status, 400);
});

test("the server's own status says what Eureka's does, in both formats", async () => {
  await using door = await Door.open();
  const info = JSON.parse((await door.get("/eureka/v2/status")).text);
  assert.deepEqual(Object.keys(info.generalStats), [
    "environment",
    "num-of-cpus",
    "total-avail-memory",
    "current-memory-usage",
    "server-uptime",
  ]);
  assert.match(info.generalStats["server-uptime"], /^\d\d:\d\d$/);
  assert.deepEqual(info.applicationStats, {
    "registered-replicas": "",
    "available-replicas": "",
    "unavailable-replicas": "",
  });
  assert.deepEqual([info.isHeathly, info.instanceInfo.app, info.instanceInfo.status], [true, "EUREKA", "UP"]);
  const xml = await door.get("/eureka/status", {});
  assert.match(xml.text, /^<com\.netflix\.eureka\.util\.StatusInfo>\n {2}<generalStats>\n {4}<environment>/);
  assert.match(xml.text, / {2}<instanceInfo>\n[^]* {2}<\/instanceInfo>\n {2}<isHeathly>true<\/isHeathly>\n/);
});

test("JSON for whoever mentions it, XML for everybody else", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  const types: [Record<string, string>, string][] = [
    [{ accept: "application/json" }, "application/json"],
    [{ accept: "application/json, application/*+json" }, "application/json"],
    [{ accept: "text/html,application/xml;q=0.9,*/*;q=0.8" }, "application/xml"],
    [{ accept: "*/*" }, "application/xml"],
    [{}, "application/xml"],
  ];
  for (const path of [
    "/eureka/apps",
    "/eureka/apps/delta",
    "/eureka/apps/API",
    "/eureka/apps/API/i-1",
    "/eureka/instances/i-1",
  ]) {
    for (const [headers, type] of types) {
      const reply = await door.get(path, headers);
      assert.deepEqual([reply.status, reply.headers["content-type"]], [200, type], path);
      assert.equal(reply.text.trimStart()[0], type === "application/json" ? "{" : "<", path);
    }
  }
});

test("answers are packed for whoever can unpack them, and say how long they are", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  for (const path of ["/eureka/apps", "/eureka/apps/API", "/eureka/apps/API/i-1", "/eureka/vips/api.vip"]) {
    const plain = await door.get(path);
    const packed = await door.get(path, { ...asJson, "accept-encoding": "deflate, gzip" });
    assert.deepEqual(
      [plain.headers["content-encoding"], packed.headers["content-encoding"]],
      [undefined, "gzip"],
      path,
    );
    assert.equal(timeless(packed.text), timeless(plain.text));
    assert.equal(Number(plain.headers["content-length"]), Buffer.byteLength(plain.text));
  }
});

test("compact answers leave out what callers do not need", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1", { metadata: { a: "1" }, homePageUrl: "http://h/" }));
  for (const path of ["/eureka/apps", "/eureka/apps/API", "/eureka/apps/API/i-1"]) {
    const full = await door.get(path);
    const compact = await door.get(path, { ...asJson, "x-eureka-accept": "compact" });
    assert.match(full.text, /homePageUrl/, path);
    assert.doesNotMatch(compact.text, /homePageUrl|leaseInfo|lastDirtyTimestamp/, path);
    assert.match(compact.text, /"i-1"/, path);
  }
});

test("whoever sends back the tag of what it has is told when that is still so", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  for (const path of ["/eureka/apps", "/eureka/apps/API"]) {
    const etag = (await door.get(path)).headers.etag ?? assert.fail(path);
    const same = await door.get(path, { ...asJson, "if-none-match": `"other", ${etag}` });
    assert.deepEqual([same.status, same.text, same.headers.etag], [304, "", etag], path);
    assert.equal((await door.get(path, { ...asJson, "if-none-match": '"other"' })).status, 200, path);
  }
  const etag = (await door.get("/eureka/apps")).headers.etag ?? "";
  await door.send("PUT", "/eureka/apps/API/i-1/status?value=OUT_OF_SERVICE");
  assert.equal((await door.get("/eureka/apps", { ...asJson, "if-none-match": etag })).status, 200);
});

test("HEAD is GET without the body; other methods are refused, with those that are not", async () => {
  await using door = await Door.open();
  await door.register(instanceOf("i-1"));
  for (const path of [
    "/eureka/apps",
    "/eureka/apps/delta",
    "/eureka/apps/API",
    "/eureka/apps/API/i-1",
    "/eureka/status",
  ]) {
    const head = await door.send("HEAD", path, { headers: asJson });
    assert.deepEqual([head.status, head.text], [200, ""], path);
    assert.ok(Number(head.headers["content-length"]) > 0, path);
  }
  const cases: [string, string, string][] = [
    ["POST", "/eureka/apps", "GET, HEAD"],
    ["PUT", "/eureka/apps/API", "GET, HEAD, POST"],
    ["POST", "/eureka/apps/API/i-1", "PUT, GET, HEAD, DELETE"],
    ["GET", "/eureka/apps/API/i-1/status", "PUT, DELETE"],
    ["GET", "/eureka/apps/API/i-1/metadata", "PUT"],
    ["DELETE", "/eureka/instances/i-1", "GET, HEAD"],
    ["POST", "/eureka/asg/x/status", "PUT"],
    ["GET", "/eureka/peerreplication/batch/", "POST"],
  ];
  for (const [method, path, allow] of cases) {
    const reply = await door.send(method, path);
    assert.deepEqual([reply.status, reply.headers.allow], [405, allow], `${method} ${path}`);
  }
});

test("what is none of Eureka's resources is 404, and the registry's own API stays where it is", async () => {
  await using door = await Door.open();
  for (const path of [
    "/eureka",
    "/eureka/",
    "/eureka/nonsense",
    "/v2",
    "/eureka/apps/a/b/c",
    "/eureka/apps/a/b/c/d",
    "/eureka/vips",
  ]) {
    assert.equal((await door.get(path)).status, 404, path);
  }
  assert.equal((await door.get("/eureka/apps/%E0%A4%A")).status, 400);
  assert.equal((await door.get("/v1/registry/instances")).text, "[]");
});

test("instances of both kinds see one another at either API", async () => {
  await using door = await Door.open();
  door.registry.register(recordOf("i-1", { app: "catalog" }));
  await door.register(instanceOf("i-2"));
  const shown = decodeInstance((await door.get("/eureka/apps/CATALOG/i-1")).text, "json");
  assert.deepEqual([shown.app, shown.status, shown.vipAddress], ["CATALOG", "UP", "catalog"]);
  const own: unknown = JSON.parse((await door.get("/v1/registry/instances")).text);
  assert.ok(Array.isArray(own));
  assert.deepEqual(new Set(own.map((record) => record.id)), new Set(["i-1", "i-2"]));
});
