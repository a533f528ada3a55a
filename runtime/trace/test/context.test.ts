import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import {
  formatTraceparent,
  formatTracestate,
  IdSource,
  isSpanId,
  isTraceId,
  parseB3,
  parseTraceparent,
  parseTracestate,
} from "@holdfast/trace";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

describe("traceparent", () => {
  test("what is written is read again", () => {
    for (const flags of [0, 1, 2, 3]) {
      const text = formatTraceparent(traceId, spanId, flags);
      assert.equal(text, `00-${traceId}-${spanId}-0${flags}`);
      assert.deepEqual(parseTraceparent(text), { traceId, spanId, flags });
    }
  });

  test("flags that level 2 does not know are not passed on", () => {
    assert.equal(parseTraceparent(`00-${traceId}-${spanId}-ff`)?.flags, 3);
    assert.equal(parseTraceparent(`00-${traceId}-${spanId}-fc`)?.flags, 0);
  });

  test("a later version is read by its first four fields, if it goes on with a dash", () => {
    assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01`), { traceId, spanId, flags: 1 });
    assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes-later`), { traceId, spanId, flags: 1 });
    assert.equal(parseTraceparent(`cc-${traceId}-${spanId}-01.later`), undefined);
  });

  // From the W3C's own test suite (w3c/trace-context, test/test.py).
  for (const [what, text] of [
    ["nothing", ""],
    ["version ff", `ff-${traceId}-${spanId}-01`],
    ["a version that is no hex", `0.-${traceId}-${spanId}-01`],
    ["version 00 with more behind", `00-${traceId}-${spanId}-01-more`],
    ["version 00 with a dash behind", `00-${traceId}-${spanId}-01-`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${spanId}-01`],
    ["a span id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["a trace id in upper case", `00-${traceId.toUpperCase()}-${spanId}-01`],
    ["a trace id that is no hex", `00-${traceId.slice(0, 31)}.-${spanId}-01`],
    ["a trace id too long", `00-${traceId}0-${spanId}-01`],
    ["a span id too short", `00-${traceId}-${spanId.slice(1)}-01`],
    ["flags that are no hex", `00-${traceId}-${spanId}-.0`],
    ["flags too short", `00-${traceId}-${spanId}-1`],
    ["a blank before", ` 00-${traceId}-${spanId}-01`],
    ["a blank behind", `00-${traceId}-${spanId}-01 `],
    ["two of them in one", `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
    ["letters beyond ASCII", `00-${traceId.slice(0, 31)}é-${spanId}-01`],
    ["underscores for dashes", `00_${traceId}_${spanId}_01`],
  ] as const) {
    test(`${what} counts as not there`, () => assert.equal(parseTraceparent(text), undefined));
  }
});

describe("tracestate", () => {
  test("keeps the order, drops blanks and empty members", () => {
    assert.deepEqual(parseTracestate("foo=1 \t,,\tbar=2"), [
      ["foo", "1"],
      ["bar", "2"],
    ]);
    assert.deepEqual(parseTracestate(""), []);
    assert.deepEqual(parseTracestate("fw529a3039@dt=FfAAAA,a-_*/b= x y"), [
      ["fw529a3039@dt", "FfAAAA"],
      ["a-_*/b", " x y"],
    ]);
  });

  for (const text of [
    "foo",
    "=1",
    "foo =1",
    "FOO=1",
    "foo=1,foo=2",
    "foo=bar=baz",
    "foo@=1",
    "@foo=1",
    "foo@@bar=1",
    "föö=1",
    "foo=\u0001",
    "foo=",
  ]) {
    test(`${JSON.stringify(text)} counts as not there`, () => assert.equal(parseTracestate(text), undefined));
  }

  test("33 members are too many", () => {
    const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=1`).join(",");
    assert.equal(parseTracestate(members(32))?.length, 32);
    assert.equal(parseTracestate(members(33)), undefined);
  });

  test("written longer than 512 characters it loses its long members first, then its oldest", () => {
    const long = "x".repeat(200);
    const short = "y".repeat(100);
    const text = formatTracestate([
      ["new", short],
      ["b", long],
      ["c", short],
      ["d", long],
      ["e", short],
      ["f", short],
      ["old", short],
    ]);
    assert.equal(text, ["new", "c", "e", "f"].map((key) => `${key}=${short}`).join(","));
  });
});

describe("B3", () => {
  const from = (headers: Record<string, string>) => parseB3((name) => headers[name]);

  test("the single header, with and without decision and parent", () => {
    assert.deepEqual(from({ b3: `${traceId}-${spanId}-1` }), { traceId, spanId, flags: 1 });
    assert.deepEqual(from({ b3: `${traceId}-${spanId}-d-05e3ac9a4f6e3b90` }), { traceId, spanId, flags: 1 });
    assert.deepEqual(from({ b3: `${traceId}-${spanId}-0` }), { traceId, spanId, flags: 0 });
    assert.deepEqual(from({ b3: `${traceId}-${spanId}` }), { traceId, spanId, flags: undefined });
  });

  test("the four headers, short trace ids filled up, upper case read as lower", () => {
    const short = { "x-b3-traceid": "463AC35C9F6413AD", "x-b3-spanid": spanId.toUpperCase(), "x-b3-sampled": "1" };
    assert.deepEqual(from(short), { traceId: "0000000000000000463ac35c9f6413ad", spanId, flags: 1 });
    const debug = { "x-b3-traceid": traceId, "x-b3-spanid": spanId, "x-b3-flags": "1" };
    assert.deepEqual(from(debug), { traceId, spanId, flags: 1 });
  });

  test("what is malformed counts as not there", () => {
    assert.equal(from({}), undefined);
    assert.equal(from({ b3: "0" }), undefined);
    assert.equal(from({ b3: `${traceId}-xyz-1` }), undefined);
    assert.equal(from({ b3: `${"0".repeat(32)}-${spanId}-1` }), undefined);
    assert.equal(from({ b3: `${traceId}-${spanId}-1-${spanId}-more` }), undefined);
    assert.equal(from({ "x-b3-traceid": traceId }), undefined);
  });
});

describe("ids", () => {
  test("have the standard's form and do not come twice", () => {
    const ids = IdSource.from(new SeededRandom(7));
    const spans = new Set(Array.from({ length: 20_000 }, () => ids.spanId()));
    assert.equal(spans.size, 20_000);
    assert.ok([...spans].every(isSpanId));
    assert.ok(isTraceId(ids.traceId()));
  });

  test("are the same for the same seed, and others for another", () => {
    const [a, b, c] = [1, 1, 2].map((seed) => IdSource.from(new SeededRandom(seed)).traceId());
    assert.equal(a, b);
    assert.notEqual(a, c);
    assert.notEqual(IdSource.fromSystem().traceId(), IdSource.fromSystem().traceId());
  });

  test("have as many ones as zeros in each of their bits", () => {
    const ids = IdSource.from(new SeededRandom(3));
    const ones = Array.from({ length: 32 }, () => 0);
    for (let i = 0; i < 4_096; i++) {
      const bits = ids.next32();
      for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] ?? 0) + ((bits >>> bit) & 1);
    }
    // 2,048 ± 5 standard deviations of 32.
    assert.ok(ones.every((count) => Math.abs(count - 2_048) < 160));
  });
});
