import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { PlatformError, SystemClock } from "@holdfast/kernel";
import { FakeClock, settle, waitFor } from "@holdfast/testing";
import { DockerApi } from "../src/docker/docker-api.ts";
import type { CreateBody, DockerEvent } from "../src/docker/docker-types.ts";
import { type Asked, FakeDocker, json } from "./fake-docker.ts";

const clock = new SystemClock();

async function withDocker(
  answer: (asked: Asked, response: ServerResponse) => void,
  body: (api: DockerApi, docker: FakeDocker) => Promise<void>,
): Promise<void> {
  await using docker = await new FakeDocker(answer).start();
  const api = new DockerApi(clock, docker.socket);
  try {
    await body(api, docker);
  } finally {
    await api.close();
  }
}

async function withFakeTime(
  answer: (asked: Asked, response: ServerResponse) => void,
  body: (api: DockerApi, fake: FakeClock) => Promise<void>,
): Promise<void> {
  const fake = new FakeClock();
  await using docker = await new FakeDocker(answer).start();
  const api = new DockerApi(fake, docker.socket);
  try {
    await body(api, fake);
  } finally {
    await api.close();
  }
}

test("containers are listed by labels, ended ones too", () =>
  withDocker(
    (_, response) => json(response, 200, [{ Id: "1" }]),
    async (api, docker) => {
      assert.deepEqual(await api.list({ a: "1", "b.c": "x=y" }), [{ Id: "1" }]);
      const [asked] = docker.asked;
      assert.equal(asked?.path, "/containers/json");
      assert.equal(asked?.query.get("all"), "true");
      assert.deepEqual(JSON.parse(asked?.query.get("filters") ?? ""), { label: ["a=1", "b.c=x=y"] });
    },
  ));

test("a name that is taken is no failure: the instance is there already", () =>
  withDocker(
    ({ query }, response) =>
      query.get("name") === "taken"
        ? json(response, 409, { message: "the container name is already in use" })
        : json(response, 201, { Id: "new" }),
    async (api, docker) => {
      const body = { Image: "x" } as CreateBody;
      assert.equal(await api.create("taken", body), undefined);
      assert.equal(await api.create("free", body), "new");
      assert.deepEqual(JSON.parse(docker.asked[1]?.body ?? ""), { Image: "x" });
    },
  ));

test("what is gone, or already so, is fine", () =>
  withDocker(
    ({ path }, response) => {
      if (path.endsWith("/start")) response.writeHead(304).end();
      else if (path.endsWith("/kill")) json(response, 409, { message: "container is not running" });
      else json(response, 404, { message: "no such container" });
    },
    async (api) => {
      await api.start("x");
      assert.equal(await api.kill("x", "SIGKILL"), false);
      assert.equal(await api.pause("x"), false);
      assert.equal(await api.inspect("x"), undefined);
      assert.equal(await api.imageId("localhost/a:1"), undefined);
      await api.remove("x");
    },
  ));

test("a refusal carries the engine's status and its own words", () =>
  withDocker(
    (_, response) => json(response, 500, { cause: "no space", message: "write: no space left on device" }),
    async (api) => {
      await assert.rejects(api.start("x"), (error) => {
        assert.ok(error instanceof PlatformError);
        assert.deepEqual([error.code, error.status], ["CONTAINER_ENGINE_REFUSED", 500]);
        assert.match(error.message, /POST \/containers\/x\/start: write: no space left on device$/);
        return true;
      });
    },
  ));

test("a socket that is not there is told as such, with what to do", async () => {
  const api = new DockerApi(clock, "/nowhere/docker.sock");
  await assert.rejects(api.info(), (error) => {
    assert.ok(error instanceof PlatformError);
    assert.equal(error.code, "CONTAINER_ENGINE_UNREACHABLE");
    assert.match(error.message, /\/nowhere\/docker\.sock: does not answer \(there is no socket\)/);
    assert.ok(error.next !== undefined);
    return true;
  });
  await api.close();
});

test("events come as they happen, from when the stream is open", () =>
  withDocker(
    (_, response) => {
      response.writeHead(200);
      response.flushHeaders();
      response.write(`${JSON.stringify({ Type: "container", Action: "start" })}\n{"Type":"container",`);
      setTimeout(() => response.end(`"Action":"die"}\n`), 20);
    },
    async (api, docker) => {
      const seen: string[] = [];
      const onEvent = ({ Action }: DockerEvent): void => void seen.push(Action);
      await api.events({ a: "1" }, () => seen.push("open"), onEvent, new AbortController().signal);
      assert.deepEqual(seen, ["open", "start", "die"]);
      const filters = JSON.parse(docker.asked[0]?.query.get("filters") ?? "");
      assert.deepEqual(filters, { type: ["container"], label: ["a=1"] });
    },
  ));

test("a stream ends when it is told to, though its engine says nothing", () =>
  withDocker(
    (_, response) => response.writeHead(200).flushHeaders(),
    async (api) => {
      const ending = new AbortController();
      let opened = false;
      const listening = api.events(
        {},
        () => (opened = true),
        () => {},
        ending.signal,
      );
      await waitFor("the stream", () => opened);
      ending.abort();
      await assert.rejects(listening);
    },
  ));

test("an archive is sent as it comes", () =>
  withDocker(
    (_, response) => json(response, 200, { stream: "Loaded image: localhost/a:1" }),
    async (api, docker) => {
      async function* archive(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 50; i++) yield Buffer.from(String(i % 10));
      }
      await api.loadImage(archive());
      assert.equal(docker.asked[0]?.body, "0123456789".repeat(5));
    },
  ));

const nothing = (): void => {};

/** How a call failed. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

/** A connection is taken, and nothing comes: what an engine does that was stopped, or that a full disk holds up. */
const calls: readonly [name: string, seconds: number, call: (api: DockerApi) => Promise<unknown>][] = [
  ["ping", 5, (api) => api.ping()],
  ["info", 10, (api) => api.info()],
  ["list", 10, (api) => api.list({})],
  ["inspect", 10, (api) => api.inspect("a")],
  ["create", 120, (api) => api.create("a", { Image: "x" } as CreateBody)],
  ["start", 120, (api) => api.start("a")],
  ["kill", 10, (api) => api.kill("a", "SIGKILL")],
  ["pause", 10, (api) => api.pause("a")],
  ["unpause", 10, (api) => api.unpause("a")],
  ["remove", 120, (api) => api.remove("a")],
  ["stats", 10, (api) => api.stats("a")],
  ["image", 10, (api) => api.imageId("a")],
  ["removeImage", 120, (api) => api.removeImage("a")],
  ["network", 10, (api) => api.network("a")],
  ["createNetwork", 10, (api) => api.createNetwork("a", "10.0.0.0/24", {})],
  ["removeNetwork", 10, (api) => api.removeNetwork("a")],
  ["logs", 120, (api) => api.logs("a", { follow: false }, nothing, new AbortController().signal)],
  ["events, to be opened", 10, (api) => api.events({}, nothing, nothing, new AbortController().signal)],
];

for (const [name, seconds, call] of calls) {
  test(`an engine that takes the connection and says nothing holds up ${name} for ${seconds} s and no longer`, async () => {
    const fake = new FakeClock();
    await using docker = await new FakeDocker(() => {}).start();
    const api = new DockerApi(fake, docker.socket);
    let isOver = false;
    const asking = failureOf(call(api)).finally(() => (isOver = true));
    await waitFor("the question", () => docker.asked.length === 1);
    await fake.advance(seconds * 1_000 - 1);
    await settle();
    assert.equal(isOver, false);
    await fake.advance(1);
    const outcome = await asking;
    assert.ok(outcome instanceof PlatformError);
    assert.equal(outcome.code, "CONTAINER_ENGINE_UNREACHABLE");
    assert.match(outcome.message, new RegExp(`no answer within ${seconds} s`));
    assert.equal(fake.pendingTimers, 0);
    await api.close();
  });
}

test("an engine that takes no more of an archive holds up its loading for 120 s and no longer", async () => {
  const fake = new FakeClock();
  await using docker = await new FakeDocker(() => {}).start();
  const api = new DockerApi(fake, docker.socket);
  const ended: string[] = [];
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from("first");
      ended.push("asked for more");
      await new Promise(() => {});
    } finally {
      ended.push("let go");
    }
  }
  const loading = failureOf(api.loadImage(endless()));
  await waitFor("the first piece", () => ended.length === 1);
  await fake.advance(120_000);
  assert.match(String(await loading), /no answer within 120 s/);
  await api.close();
});

test("a stream that has begun is not cut for its silence", () =>
  withFakeTime(
    (_, response) => response.writeHead(200).flushHeaders(),
    async (api, fake) => {
      const stop = new AbortController();
      let isOpen = false;
      let isOver = false;
      const over = (): boolean => (isOver = true);
      const listening = api.events({}, () => (isOpen = true), nothing, stop.signal).then(over, over);
      const following = api.logs("a", { follow: true }, nothing, stop.signal).then(over, over);
      await waitFor("the stream", () => isOpen);
      await fake.advance(3_600_000);
      await settle();
      assert.equal(isOver, false);
      stop.abort();
      await Promise.all([listening, following]);
    },
  ));
