import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock, temporaryDirectory } from "@holdfast/testing";
import { Access, type AccessRequest } from "../src/control/api/access.ts";
import { readOrMakeToken } from "../src/control/api/token-file.ts";

const token = "a".repeat(64);
const plain: AccessRequest = {
  host: "127.0.0.1:7070",
  origin: undefined,
  authorization: undefined,
  cookie: undefined,
};

test("only requests sent to this server by name are let in", () => {
  const access = new Access(new FakeClock(), token, 7_070);
  for (const host of ["127.0.0.1:7070", "localhost:7070", "LOCALHOST:7070"]) access.checkSender({ ...plain, host });
  for (const host of [undefined, "evil.example", "evil.example:7070", "127.0.0.1", "127.0.0.1:7071"]) {
    assert.throws(() => access.checkSender({ ...plain, host }), { code: "HOST_REFUSED", status: 421 });
  }
});

test("pages of other sites are refused, our own are not", () => {
  const access = new Access(new FakeClock(), token, 7_070);
  access.checkSender({ ...plain, origin: "http://127.0.0.1:7070" });
  for (const origin of ["http://evil.example", "null", "https://127.0.0.1:7070", "http://127.0.0.1:8080"]) {
    assert.throws(() => access.checkSender({ ...plain, origin }), { code: "ORIGIN_REFUSED", status: 403 });
  }
});

test("the token opens the door, anything else does not", () => {
  const access = new Access(new FakeClock(), token, 7_070);
  access.checkCaller({ ...plain, authorization: `Bearer ${token}` });
  for (const authorization of [undefined, "", "Bearer", `Bearer ${token}x`, `Basic ${token}`, "Bearer b"]) {
    assert.throws(() => access.checkCaller({ ...plain, authorization }), { code: "UNAUTHENTICATED", status: 401 });
  }
});

test("a code opens one session, once, within ten minutes", async () => {
  const clock = new FakeClock();
  const access = new Access(clock, token, 7_070);
  const code = access.newCode();
  const header = access.openSession(code);
  assert.match(header, /^holdfast_session_7070=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
  assert.throws(() => access.openSession(code), { code: "CODE_REFUSED" });
  const late = access.newCode();
  await clock.advance(10 * 60_000 + 1);
  assert.throws(() => access.openSession(late), { code: "CODE_REFUSED" });

  const cookie = `other=1; ${header.split(";")[0]}`;
  assert.ok(access.hasSession({ ...plain, cookie }));
  assert.ok(new Access(clock, token, 7_070).hasSession({ ...plain, cookie }), "outlives a restart of control");
  assert.ok(!new Access(clock, "b".repeat(64), 7_070).hasSession({ ...plain, cookie }));
  assert.ok(!access.hasSession({ ...plain, cookie: cookie.replace("7070=", "7070=9") }));
  await clock.advance(8 * 24 * 60 * 60_000);
  assert.ok(!access.hasSession({ ...plain, cookie }));
});

test("the token is made once, for the owner's eyes only, and an empty file is made anew", () => {
  using directory = temporaryDirectory("token");
  const file = join(directory.path, "token");
  const first = readOrMakeToken(directory.path);
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  chmodSync(file, 0o644);
  assert.equal(readOrMakeToken(directory.path), first);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, "");
  assert.notEqual(readOrMakeToken(directory.path), first);
  assert.equal(readFileSync(file, "utf8").trim().length, 64);
  assert.throws(() => readOrMakeToken(join(directory.path, "absent")), { code: "STATE_NOT_WRITABLE" });
});
