import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SeededRandom } from "@holdfast/kernel";
import { parsePropertiesFile, programOfFlags, programOfSettings, startExitCode } from "@holdfast/sidecar";

const random = new SeededRandom(1);

test("a properties file is read as Java reads it", () => {
  const text = [
    "# comment",
    "! another",
    "a=1",
    " b : two words ",
    "c three",
    "d",
    "e=long \\",
    "   line",
    "f\\=g=h",
    "i=\\u00e9\\t!\\\\",
    "a=again",
    "",
    "last=\\",
  ].join("\r\n");
  assert.deepEqual(
    [...parsePropertiesFile(text)],
    [
      ["a", "again"],
      ["b", "two words "],
      ["c", "three"],
      ["d", ""],
      ["e", "long line"],
      ["f=g", "h"],
      ["i", "é\t!\\"],
      ["last", ""],
    ],
  );
  assert.throws(() => parsePropertiesFile("a=1\nb=\\u12"), /line 2: \\u without four hexadecimal digits/);
});

test("Prana's sample configuration says name, port, registry and health", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "sidecar-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "prana.properties");
  writeFileSync(
    file,
    `prana.host.healthcheck.url=http://localhost:5050/status
prana.host.healthcheck.timeout=1500
prana.proxy.req.acceptencoding=gzip
eureka.name=MYSERVICE
eureka.port=5050
eureka.serviceUrl.default=http://127.0.0.1:8080/eureka
`,
  );
  const { options, environment, properties } = programOfFlags({ config: file }, {}, random);
  assert.equal(options.parentPort, 5_050);
  assert.equal(options.healthUrl, "http://localhost:5050/status");
  assert.equal(options.healthTimeoutMs, 1_500);
  assert.equal(environment["HOLDFAST_SERVICE"], "MYSERVICE");
  assert.equal(environment["HOLDFAST_REGISTRIES"], "http://127.0.0.1:8080/eureka");
  assert.equal(properties.get("prana.proxy.req.acceptencoding"), "gzip");
  const flags = { config: file, appName: "mine", parentPort: "6000", registry: "http://a:1, http://b:2" };
  const over = programOfFlags(flags, { HOLDFAST_SERVICE: "env" }, random);
  assert.deepEqual(
    [over.options.parentPort, over.environment["HOLDFAST_SERVICE"], over.environment["HOLDFAST_REGISTRIES"]],
    [6_000, "mine", "http://a:1,http://b:2"],
  );
});

test("without anything said it is Prana's ports, Prana's name and Prana's health check", () => {
  const { options, environment } = programOfFlags({}, {}, random);
  assert.deepEqual(
    [options.apiPort, options.parentPort, options.healthPath, options.healthTimeoutMs, environment["HOLDFAST_SERVICE"]],
    [8_078, 7_001, "/healthcheck", 2_000, "prana"],
  );
  assert.equal(options.inFront, false);
  assert.match(environment["HOLDFAST_INSTANCE_ID"] ?? "", /^i-[0-9a-f]+$/);
});

test("wrong flags and files are named, with the exit code of wrong usage", () => {
  const table = [
    [{ httpPortApi: "x" }, "OPTION_INVALID", /--http-port-api/],
    [{ parentPort: "70000" }, "OPTION_INVALID", /--parent-port/],
    [{ front: "" }, "OPTION_INVALID", /--front/],
    [{ config: "/nowhere/at/all" }, "CONFIG_UNREADABLE", /does not exist/],
  ] as const;
  for (const [flags, code, message] of table) {
    assert.throws(
      () => programOfFlags(flags, {}, random),
      (error: Error & { code?: string }) =>
        error.code === code && message.test(error.message) && startExitCode(error) === 2,
    );
  }
});

test("what an agent starts stands in front, on the instance's own address", () => {
  const settings = JSON.stringify({ command: ["python3", "app.py"], healthPath: "/ok", drainMs: 3_000 });
  const { options } = programOfSettings(settings, { HOST: "127.1.2.14", PORT: "12000" });
  assert.deepEqual(
    [options.inFront, options.apiHost, options.anyApiPort, options.parentHost, options.parentPort, options.healthPath],
    [true, "127.1.2.14", true, "127.1.2.14", 0, "/ok"],
  );
  assert.equal(programOfSettings(settings, { HOST: "0.0.0.0" }).options.apiHost, "127.0.0.1");
});
