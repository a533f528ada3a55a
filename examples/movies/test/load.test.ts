import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { drive } from "../load/open-loop.ts";
import { Report } from "../load/report.ts";
import { requestAt } from "../load/traffic.ts";

const plain = { postShare: 0, paths: [], run: "t" };

async function serving<T>(handler: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

suite("load generator", () => {
  test("the share of POSTs is spread evenly and every rating has an id of its own", () => {
    const all = Array.from({ length: 1_000 }, (_, n) => requestAt(n, { ...plain, postShare: 0.2 }));
    const posts = all.filter((one) => one.method === "POST");
    assert.ok(Math.abs(posts.length - 200) <= 2, `${posts.length}`);
    assert.equal(new Set(posts.map((one) => JSON.parse(one.body ?? "").id)).size, posts.length);
    for (let from = 0; from < 1_000; from += 100) {
      const share = all.slice(from, from + 100).filter((one) => one.method === "POST").length;
      assert.ok(share >= 18 && share <= 22, `${share} of the 100 after ${from}`);
    }
  });

  test("given paths are asked in turn, and nothing else", () => {
    const paths = [0, 1, 2, 3].map((n) => requestAt(n, { ...plain, paths: ["/a", "/b"] }).path);
    assert.deepEqual(paths, ["/a", "/b", "/a", "/b"]);
  });

  test("percentiles are of all requests, in milliseconds, and kinds of failures stay bounded", () => {
    const report = new Report();
    for (let i = 1; i <= 1_000; i++) report.add({ method: "GET", path: "/", atMs: 0, ms: i, failure: undefined });
    for (let i = 0; i < 200; i++)
      report.add({ method: "POST", path: "/p", atMs: 1_500, ms: 5_000, failure: `kind ${i}` });
    const summary = report.summary();
    assert.deepEqual([summary.sent, summary.failed, summary.posts], [1_200, 200, { sent: 200, succeeded: 0 }]);
    assert.ok(Math.abs(summary.p50Ms - 600) < 2, `${summary.p50Ms}`);
    assert.ok(Math.abs(summary.p99Ms - 5_000) < 10, `${summary.p99Ms}`);
    assert.equal(summary.failures.length, 51);
    assert.equal(summary.failures[0]?.examples[0], "POST /p at 1.5 s, after 5000 ms");
  });

  test("an answer that comes late, is cut short, is refused or is an error counts as one failure each", async () => {
    const report = await serving(
      (req, res) => {
        if (req.url === "/late") return;
        if (req.url === "/cut") {
          res.writeHead(200, { "content-length": 100 });
          res.write("half");
          setTimeout(() => res.destroy(), 20);
        } else if (req.url === "/chunked") {
          res.write("half");
          setTimeout(() => res.destroy(), 20);
        } else if (req.url === "/reset") {
          req.socket.resetAndDestroy();
        } else {
          res.writeHead(req.url === "/bad" ? 503 : 200).end("whole");
        }
      },
      (url) =>
        drive({ url, rate: 12, seconds: 1, ...plain, paths: ["/late", "/cut", "/chunked", "/reset", "/bad", "/good"] }),
    );
    const summary = report.summary();
    assert.deepEqual([summary.sent, summary.succeeded], [12, 2]);
    const counts = Object.fromEntries(summary.failures.map(({ kind, count }) => [kind, count]));
    assert.deepEqual(counts, { "no whole answer within 1 s": 2, "cut short": 4, ECONNRESET: 2, "status 503": 2 });
  });

  test("latency counts from the intended send time, so a stalled server cannot hide requests", async () => {
    let stalled = true;
    const waiting: (() => void)[] = [];
    const report = await serving(
      (_req, res) => {
        if (stalled) waiting.push(() => res.end());
        else res.end();
      },
      (url) => {
        setTimeout(() => {
          stalled = false;
          for (const answer of waiting) answer();
        }, 500);
        return drive({ url, rate: 50, seconds: 1, ...plain });
      },
    );
    const summary = report.summary();
    assert.deepEqual([summary.sent, summary.failed], [50, 0]);
    assert.ok(summary.maxMs >= 400, `${summary.maxMs}`);
  });

  test("nobody listening is a failure of every request, and the run still ends", async () => {
    const url = await serving(
      () => {},
      (listening) => Promise.resolve(listening),
    );
    const report = await drive({ url, rate: 20, seconds: 1, ...plain });
    assert.deepEqual(
      report.summary().failures.map(({ kind, count }) => [kind, count]),
      [["ECONNREFUSED", 20]],
    );
  });
});
