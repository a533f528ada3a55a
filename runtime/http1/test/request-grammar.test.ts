import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRequests } from "./read-requests.ts";
import { chunks, lines, smuggling, type Vector } from "./request-vectors.ts";

function judged(vectors: readonly Vector[]): void {
  for (const [name, message, code] of vectors)
    it(`${name}: ${code === "" ? "is served" : code}`, () => {
      const { requests, end } = readRequests(Buffer.from(message, "latin1"));
      assert.equal(end, code);
      assert.equal(requests.length, code === "" ? 1 : 0);
    });
}

describe("a request whose framing could be read in two ways", () => judged(smuggling));
describe("a request in chunks", () => judged(chunks));
describe("a request's first line and host", () => judged(lines));

describe("a request that is well formed", () => {
  it("is read with its body, its trailers, and the request behind it", () => {
    const { requests, end } = readRequests(
      Buffer.from(
        "POST /a?b HTTP/1.1\r\nHost: Shop:8080\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nSum: 1\r\n\r\n" +
          "GET /c HTTP/1.1\r\nhost:shop\r\nA:  1 \r\na: 2\r\n\r\n",
      ),
    );
    assert.equal(end, "");
    const [post, get] = requests;
    assert.deepEqual([post?.head.method, post?.head.target, post?.head.host], ["POST", "/a?b", "shop:8080"]);
    assert.deepEqual([post?.body, post?.trailers], ["abcd", [["sum", "1"]]]);
    assert.deepEqual(
      [get?.head.target, get?.head.fields.get("a"), get?.head.fields.all("a")],
      ["/c", "1, 2", ["1", "2"]],
    );
  });

  it("says whether its connection stays", () => {
    const kept = (version: string, connection: string): boolean | undefined =>
      readRequests(Buffer.from(`GET / ${version}\r\nHost: a\r\n${connection}\r\n`)).requests[0]?.head.keepAlive;
    assert.deepEqual(
      [
        kept("HTTP/1.1", ""),
        kept("HTTP/1.1", "Connection: close\r\n"),
        kept("HTTP/1.1", "Connection: x, Close\r\n"),
        kept("HTTP/1.0", ""),
        kept("HTTP/1.0", "Connection: Keep-Alive\r\n"),
      ],
      [true, false, false, false, true],
    );
  });

  it("asks for another protocol only where Connection bears it out and it has no body", () => {
    const upgrade = (fields: string, version = "1.1"): string | undefined =>
      readRequests(Buffer.from(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`)).requests[0]?.head.upgrade;
    assert.equal(upgrade("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"), "websocket");
    assert.equal(upgrade("Upgrade: websocket\r\n"), "");
    assert.equal(upgrade("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"), "");
    assert.equal(upgrade("Connection: upgrade\r\nUpgrade: websocket\r\n", "1.0"), "");
    const body = "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na";
    assert.equal(readRequests(Buffer.from(body)).requests[0]?.head.upgrade, "");
  });

  it("passes on all fields but those of its connection and of its framing", () => {
    const { requests } = readRequests(
      Buffer.from(
        "POST / HTTP/1.1\r\nHost: a\r\nAccept:\ttext/* \r\nConnection: X-Own, my-hop, Cookie\r\nmy-hop: 1\r\nX-Own: 2\r\n" +
          "Cookie: c\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: p\r\nContent-Length: 0\r\nUpgrade: h2c\r\nA: b\r\n\r\n",
      ),
    );
    const fields = requests[0]?.head.fields;
    assert.equal(fields?.onward(false, false), "Accept: text/*\r\nX-Own: 2\r\nCookie: c\r\nA: b\r\n");
    assert.equal(fields?.onward(true, false), "Host: a\r\nAccept: text/*\r\nX-Own: 2\r\nCookie: c\r\nA: b\r\n");
    fields?.set("a", "c");
    fields?.remove("cookie");
    fields?.append("B", "d");
    assert.equal(fields?.onward(false, false), "Accept: text/*\r\nX-Own: 2\r\na: c\r\nB: d\r\n");
    assert.throws(() => fields?.append("X", "a\r\nY: b"), { code: "HTTP_FIELD_UNSENDABLE" });
    assert.throws(() => fields?.append("X:", "a"), { code: "HTTP_FIELD_UNSENDABLE" });
  });
});
