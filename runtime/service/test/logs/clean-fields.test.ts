import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFields } from "@holdfast/kernel";
import { PlatformError } from "@holdfast/kernel";
import { cleanFields as cleanFieldsWith } from "../../src/logs/clean-fields.ts";
import { isSecretName } from "../../src/logs/secret-names.ts";
import { maskText } from "../../src/logs/secret-text.ts";
import { SecretValues } from "../../src/logs/secret-values.ts";

const masked = "**** MASKED ****";
const cleanFields = (fields: LogFields) => cleanFieldsWith(fields, new SecretValues());

test("names of secrets are known in any case and spelling", () => {
  const secret = [
    "password",
    "dbPassword",
    "PGPASSWD",
    "api-key",
    "apiKey",
    "X-Api-Key",
    "Authorization",
    "set-cookie",
  ];
  const more = [
    "HOLDFAST_INSTANCE_TOKEN",
    "clientSecret",
    "aws.access.key.id",
    "privateKey",
    "JSESSIONID",
    "sessionId",
  ];
  for (const name of [...secret, ...more]) {
    assert.ok(isSecretName(name), name);
  }
  for (const name of ["path", "user", "key", "status", "passed", "author", "signal"])
    assert.ok(!isSecretName(name), name);
});

test("a secret in a text is masked, what stands around it is not", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["GET /a?access_token=s3cr3t&b=1", `GET /a?access_token=${masked}&b=1`],
    ["password=s3cr3t user=ada", `password=${masked} user=ada`],
    ["login failed, password: s3cr3t, user: ada", `login failed, password: ${masked}, user: ada`],
    ['{"user":"ada","password":"s3 cr\\"3t","n":1}', `{"user":"ada","password":${masked},"n":1}`],
    ['{\\"password\\":\\"s3cr3t\\",\\"n\\":1}', `{\\"password\\":${masked},\\"n\\":1}`],
    ['cut short: {"token":"s3cr3t and mo', `cut short: {"token":${masked}`],
    ["{'secret': 's3 cr3t'}", `{'secret': ${masked}}`],
    ["postgres://ada:s3cr3t@db:5432/movies", `postgres://ada:${masked}@db:5432/movies`],
    ["sent Bearer s3cr3t.abc to it", `sent Bearer ${masked} to it`],
    ["Authorization: Digest u=ada, r=s3cr3t\r\nhost: x", `Authorization: ${masked}\r\nhost: x`],
    ["Cookie: a=s3cr3t; b=s3cr3t", `Cookie: ${masked}`],
    ["id eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.s3cr3tsig ok", `id ${masked} ok`],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIs3cr3t\n-----END RSA PRIVATE KEY----- ok", `${masked} ok`],
  ];
  for (const [text, expected] of cases) assert.equal(maskText(text), expected);
  const plain = "config.value.refused http://127.0.0.1:8080/titles?limit=5 took 12 ms (basics, a tokenless key)";
  assert.equal(maskText(plain), plain);
});

test("no text takes long to look through, whoever wrote it", () => {
  const evil = [
    "token",
    "eyJ-",
    "-eyJaaaaaaaaa",
    "://a:",
    "basic ",
    'password:"',
    "cookie",
    "-----BEGIN ",
    '\\"',
    "bearer ",
  ];
  const from = performance.now();
  for (const part of evil) {
    maskText(part.repeat(Math.ceil(8_192 / part.length)));
    maskText(`token${part.repeat(Math.ceil(8_192 / part.length))}`);
  }
  assert.ok(performance.now() - from < 1_000, `${performance.now() - from} ms`);
});

test("fields named like secrets are masked however deep; flags and what is absent stay", () => {
  const cleaned = cleanFields({
    user: "ada",
    password: "s3cr3t",
    pin: { passcode: 1234 },
    headers: { cookie: ["a=s3cr3t"], accept: "*/*" },
    list: [{ apiKey: { value: "s3cr3t" } }],
    hasToken: true,
    token: null,
    secret: undefined,
  });
  assert.deepEqual(cleaned, {
    user: "ada",
    password: masked,
    pin: { passcode: masked },
    headers: { cookie: masked, accept: "*/*" },
    list: [{ apiKey: masked }],
    hasToken: true,
    token: null,
  });
});

test("what cannot be written as it is becomes short and plain: cycles, getters that throw, buffers, long texts, errors", () => {
  const cycle: Record<string, unknown> = { a: 1n, b: Number.NaN };
  cycle["self"] = cycle;
  const trap = Object.defineProperty({}, "x", { enumerable: true, get: () => assert.fail("read") });
  const proxy = new Proxy({}, { ownKeys: () => assert.fail("listed") });
  const error = new PlatformError("DB_DOWN", "db: token=s3cr3t refused", { cause: new TypeError("bug") });
  const cleaned = cleanFields({
    cycle,
    trap,
    proxy,
    bytes: Buffer.from("s3cr3t"),
    at: new Date(0),
    url: new URL("http://ada:s3cr3t@host/"),
    map: new Map([["password", "s3cr3t"]]),
    big: Array.from({ length: 5_000 }, (_, i) => i),
    long: "x".repeat(10_000),
    error,
    run: () => {},
  });
  const text = JSON.stringify(cleaned);
  assert.doesNotMatch(text, /s3cr3t/);
  assert.ok(text.length < 20_000, `${text.length}`);
  assert.deepEqual(
    [cleaned["trap"], cleaned["proxy"], cleaned["bytes"], cleaned["at"], cleaned["run"]],
    [{ x: "[unreadable]" }, {}, "[6 bytes]", "1970-01-01T00:00:00.000Z", undefined],
  );
  assert.match(
    text,
    /"code":"DB_DOWN","message":"db: token=\*\*\*\* MASKED \*\*\*\* refused","cause":\{"message":"bug","stack":"TypeError: bug/,
  );
});

test("a value known to be secret is found in all its forms, however it came into the line", () => {
  const values = new SecretValues();
  const secret = 'p"ss/w rd+ä';
  values.add(secret);
  values.add("short");
  const base64 = Buffer.from(secret).toString("base64");
  for (const form of [secret, JSON.stringify(secret), encodeURIComponent(secret), base64, base64.replace(/=+$/, "")])
    assert.equal(values.mask(`<${form}>`).replaceAll('"', ""), `<${masked}>`, form);
  assert.equal(values.mask("a short story"), "a short story");
});

test("a value known to be secret is found in names, texts and numbers of fields", () => {
  const values = new SecretValues();
  for (const secret of ["hunter22", "987654"]) values.add(secret);
  const fields = { at: 987654, list: [987654, 12], note: "it is hunter22", hunter22: 1, error: new Error("hunter22") };
  const text = JSON.stringify(cleanFieldsWith(fields, values));
  assert.doesNotMatch(text, /hunter22|987654/);
  assert.match(text, /"list":\["\*\*\*\* MASKED \*\*\*\*",12\],"note":"it is \*/);
});

test("a name that was shown before its value was known to be secret is masked from then on", () => {
  const secrets = new SecretValues();
  assert.deepEqual(cleanFieldsWith({ hunter2hunter: 1, n: { hunter2hunter: 2 } }, secrets), {
    hunter2hunter: 1,
    n: { hunter2hunter: 2 },
  });
  secrets.add("hunter2hunter");
  assert.doesNotMatch(
    JSON.stringify(cleanFieldsWith({ hunter2hunter: 1, n: { hunter2hunter: 2 } }, secrets)),
    /hunter/,
  );
});

test("names that are made up without end are looked at each, and not remembered", () => {
  const secrets = new SecretValues();
  for (let i = 0; i < 3_000; i++) cleanFieldsWith({ [`name${i}`]: i }, secrets);
  assert.deepEqual(cleanFieldsWith({ name2999: 1, token2999: 2 }, secrets), { name2999: 1, token2999: masked });
});

test("of secrets that change for ever the newest are known", () => {
  const values = new SecretValues();
  for (let i = 0; i < 1_000; i++) values.add(`rotating-${i}-secret`);
  assert.equal(values.mask("rotating-0-secret rotating-999-secret"), `rotating-0-secret ${masked}`);
});
