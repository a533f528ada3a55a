import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldTextOf, momentOf, momentText } from "../src/lib/moment.ts";

const nowMs = new Date(2026, 10, 23, 12, 0, 0).getTime();

test("a moment of today is a time, one of another day has the day, and a cursor stays what it is", () => {
  const atNine = new Date(2026, 10, 23, 9, 5, 7).toISOString();
  const before = new Date(2026, 10, 21, 9, 5, 7).toISOString();
  assert.equal(momentText(atNine, nowMs), "09:05:07");
  assert.equal(momentText(before, nowMs), "Saturday 21 November, 09:05:07");
  assert.equal(momentText("local-1a:17:42", nowMs), "local-1a:17:42");
  assert.equal(momentText("nonsense", nowMs), "nonsense");
});

test("the field of a moment shows the reader's own time, and gives the same moment back", () => {
  const at = new Date(2026, 6, 1, 23, 59, 58).toISOString();
  assert.equal(fieldTextOf(at), "2026-07-01T23:59:58");
  assert.equal(momentOf("2026-07-01T23:59:58", nowMs), at);
  assert.equal(fieldTextOf("local-1a:17:42"), undefined);
});

test("an unfinished time and the future are no moments to look back to", () => {
  assert.equal(momentOf("", nowMs), undefined);
  assert.equal(momentOf("2026-13-01T00:00", nowMs), undefined);
  assert.equal(momentOf("2026-11-23T12:00:01", nowMs), undefined);
});
