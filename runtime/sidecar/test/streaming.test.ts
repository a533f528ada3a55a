import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { listen, recordOf, startApi } from "./fixture.ts";

const mebibyte = 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, "x");
const many = 200 * mebibyte;
/** What may be between its two ends at a time: sockets' buffers on the way, and not the body. */
const heldMax = 32 * mebibyte;

/** What has been sent and not yet come out again: all that anybody on the way can hold. */
class OnTheWay {
  sent = 0;
  got = 0;
  most = 0;

  send(bytes: number): void {
    this.sent += bytes;
    this.most = Math.max(this.most, this.sent - this.got);
  }
}

function ask(url: string, method: string): { sent: ClientRequest; answer: Promise<IncomingMessage> } {
  const sent = request(url, { method });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve);
    sent.on("error", reject);
  });
  return { sent, answer };
}

test("200 MB in an answer go through unchanged, and no more of them is held than fits into sockets", async () => {
  await using api = await startApi();
  const way = new OnTheWay();
  const sentHash = createHash("sha1");
  await using origin = await listen((_req, res) => {
    const write = (): void => {
      while (way.sent < many) {
        way.send(chunk.length);
        sentHash.update(chunk);
        if (!res.write(chunk)) return void res.once("drain", write);
      }
      res.end();
    };
    write();
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const gotHash = createHash("sha1");
  const { sent, answer } = ask(`${api.url}/proxy?vip=catalog&path=/big`, "GET");
  sent.end();
  for await (const part of await answer) {
    way.got += (part as Buffer).length;
    gotHash.update(part as Buffer);
  }
  assert.equal(gotHash.digest("hex"), sentHash.digest("hex"));
  assert.ok(way.most < heldMax, `${Math.round(way.most / mebibyte)} MB were held`);
});

test("200 MB in a request go through unchanged, and no more of them is held, however slowly the origin reads", async () => {
  await using api = await startApi();
  const way = new OnTheWay();
  const gotHash = createHash("sha1");
  await using origin = await listen((req, res) => {
    req.on("data", (part: Buffer) => {
      way.got += part.length;
      gotHash.update(part);
      // A stop now and then: whoever does not heed it would have to keep what comes meanwhile.
      if (way.got % (20 * mebibyte) >= part.length) return;
      req.pause();
      setTimeout(() => req.resume(), 50);
    });
    req.on("end", () => res.end(String(way.got)));
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const sentHash = createHash("sha1");
  const { sent, answer } = ask(`${api.url}/to/catalog/big`, "POST");
  while (way.sent < many) {
    way.send(chunk.length);
    sentHash.update(chunk);
    if (!sent.write(chunk)) await new Promise((resolve) => sent.once("drain", resolve));
  }
  sent.end();
  let text = "";
  for await (const part of await answer) text += String(part);
  assert.equal(text, String(many));
  assert.equal(gotHash.digest("hex"), sentHash.digest("hex"));
  assert.ok(way.most < heldMax, `${Math.round(way.most / mebibyte)} MB were held`);
});

test("a reader that stops reading stops the origin; when it goes on, nothing is missing", async () => {
  await using api = await startApi();
  let written = 0;
  await using origin = await listen((_req, res) => {
    const write = (): void => {
      while (written < many) {
        written += chunk.length;
        if (!res.write(chunk)) return void res.once("drain", write);
      }
      res.end();
    };
    write();
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const { sent, answer } = ask(`${api.url}/to/catalog/big`, "GET");
  sent.end();
  const got = await answer;
  // Long enough that all of it would have come, if nothing held it up.
  for (let before = -1; before !== written; ) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(written < heldMax, `${Math.round(written / mebibyte)} MB had been taken from the origin`);
  let bytes = 0;
  for await (const part of got) bytes += (part as Buffer).length;
  assert.equal(bytes, many);
});

test("a caller that goes away takes its request to the origin with it", async () => {
  await using api = await startApi();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  await using origin = await listen((_req, res) => {
    res.once("close", resolve);
    res.write("and so on");
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const { sent, answer } = ask(`${api.url}/to/catalog/`, "POST");
  answer.catch(() => {});
  sent.end();
  (await answer).on("error", () => {});
  sent.destroy();
  await ended;
});

test("a body longer than the limit is refused with 413, whether its length is said or not", async () => {
  await using api = await startApi({ bodyBytesMax: 1_000_000 });
  await using origin = await listen((req, res) => {
    req.resume();
    req.on("end", () => res.end("taken"));
  });
  api.servers.set("catalog", [recordOf("catalog", "i-1", origin.port)]);
  const said = await fetch(`${api.url}/to/catalog/`, { method: "POST", body: Buffer.alloc(1_000_001) });
  assert.equal(said.status, 413);
  await said.body?.cancel();
  const taken = await fetch(`${api.url}/to/catalog/`, { method: "POST", body: Buffer.alloc(1_000_000) });
  assert.equal(await taken.text(), "taken");
  const { sent, answer } = ask(`${api.url}/to/catalog/`, "POST");
  for (let i = 0; i < 20; i++) sent.write(chunk);
  sent.end();
  const got = await answer;
  got.resume();
  assert.equal(got.statusCode, 413);
});
