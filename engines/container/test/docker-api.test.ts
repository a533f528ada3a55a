import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { PlatformError, SystemClock } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
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
