import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { addObject, Config } from "@holdfast/config";
import { type Disk, FileSource, loadCascade, parseConfigText, systemDisk } from "@holdfast/config/files";
import { SeededRandom, SystemClock, silentLog } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory, waitFor } from "@holdfast/testing";
import { RememberingLog } from "./remembering-log.ts";

function read(file: string, text: string): Record<string, unknown> {
  return Object.fromEntries([...parseConfigText(text, file)].map(([key, { value }]) => [key, value]));
}

const properties = `# a comment
! another
plain=1
 spaced  =  two words\t
colon: 3
blank 4
empty=
no.value
long=one,\\
     two,\\
     three
escaped\\ key=tab\\there
unicode=\\u0041\\u00e9
back\\\\slash=c:\\\\dir
twice=1
twice=2
`;

const dotenv = `# comment
RATINGS_LIMIT=30 # of them
export HOLDFAST_DEBUG=true
some.key=lower
SINGLE='as is \\n # no comment'
DOUBLE="two\\nlines"
MULTI="first
second"
EMPTY=
`;

const yaml = `ratings:
  limit: 10
  names: [a, b]
  deep: { on: true }
list:
  - name: x
  - name: y
top: &t text
alias: *t
none: ~
date: 2026-11-23
`;

describe("files", () => {
  test("of properties", () => {
    assert.deepEqual(read("a.properties", properties), {
      plain: "1",
      spaced: "two words\t",
      colon: "3",
      blank: "4",
      empty: "",
      "no.value": "",
      long: "one,two,three",
      "escaped key": "tab\there",
      unicode: "Aé",
      "back\\slash": "c:\\dir",
      twice: "2",
    });
  });

  test("of the environment's form", () => {
    assert.deepEqual(read(".env", dotenv), {
      "ratings.limit": "30",
      debug: "true",
      "some.key": "lower",
      single: "as is \\n # no comment",
      double: "two\nlines",
      multi: "first\nsecond",
      empty: "",
    });
  });

  test("of YAML and of JSON", () => {
    assert.deepEqual(read("a.yaml", yaml), {
      "ratings.limit": 10,
      "ratings.names": '["a","b"]',
      "ratings.deep.on": true,
      "list.0.name": "x",
      "list.1.name": "y",
      top: "text",
      alias: "text",
      date: "2026-11-23",
    });
    assert.deepEqual(read("a.json", '{"a":{"b":1},"c":[1,2],"d":null}'), { "a.b": 1, c: "[1,2]" });
    assert.deepEqual(read("empty.yaml", "# nothing\n"), {});
  });
});

const malformed: readonly (readonly [file: string, text: string, message: RegExp])[] = [
  ["a.properties", "fine=1\nbad=\\u00zz\n", /^a\.properties:2: bad: \\u must be followed by four hexadecimal digits$/],
  ["a.properties", "=5\n", /^a\.properties:1: there is no key/],
  [".env", "A=1\nwhat is this\n", /^\.env:2: must be NAME=value$/],
  [".env", 'A=1\nB="no end\n', /^\.env:2: b: the quote " does not end$/],
  ["a.yaml", "a: 1\nb: [1, 2\nc: 3\n", /^a\.yaml:[23]: /],
  ["a.yaml", "a: 1\na: 2\n", /^a\.yaml:2: Map keys must be unique/],
  ["a.yaml", "- a\n- b\n", /^a\.yaml:1: must be a map of keys$/],
  ["a.json", '{"a": 1,\n "b": }\n', /^a\.json:\d: /],
  ["a.json", "{a: 1}", /^a\.json:1: /],
  ["a.toml", "a = 1", /^a\.toml:1: must end in one of \.properties/],
  ["deep.yaml", `${Array.from({ length: 80 }, (_, i) => `${" ".repeat(i)}k:`).join("\n")} 1`, /nested deeper than 64/],
];

for (const [file, text, message] of malformed) {
  test(`${file} with ${JSON.stringify(text.slice(0, 24))} is refused with its line`, () => {
    assert.throws(() => parseConfigText(text, file), { code: "CONFIG_FILE_MALFORMED", message });
  });
}

test("no text makes a parser do anything but give values or refuse with a line", () => {
  const random = new SeededRandom(11);
  const alphabet = "ab=: \\u\"'#\n\t{}[]-&*!|>,.${}0é\u0000";
  for (let i = 0; i < 4_000; i++) {
    const length = Math.floor(random.next() * 40);
    const text = Array.from({ length }, () => alphabet[Math.floor(random.next() * alphabet.length)]).join("");
    const file = ["x.properties", "x.yaml", "x.json", ".env"][i % 4] ?? "";
    try {
      for (const { line } of parseConfigText(text, file).values()) assert.ok(line >= 1);
    } catch (error) {
      assert.equal((error as { code?: string }).code, "CONFIG_FILE_MALFORMED", `${file}: ${JSON.stringify(text)}`);
    }
  }
});

/** A disk in memory, whose changes are told only when the test says so. */
class FakeDisk implements Disk {
  readonly files = new Map<string, string>();
  #changes = 0;
  #tell: () => void = () => {};

  write(path: string, text: string, tell = true): void {
    this.files.set(path, text);
    this.#changes += 1;
    if (tell) this.#tell();
  }

  read(path: string): string | undefined {
    return this.files.get(path);
  }

  stamp(path: string): string | undefined {
    return this.files.has(path) ? String(this.#changes) : undefined;
  }

  watch(_path: string, onChange: () => void): () => void {
    this.#tell = onChange;
    return () => void (this.#tell = () => {});
  }
}

function watched(text: string) {
  const [disk, clock, log, config] = [new FakeDisk(), new FakeClock(), new RememberingLog(), new Config()];
  disk.write("/c/app.yaml", text);
  const file = new FileSource(config, "/c/app.yaml", clock, log, { disk });
  file.load();
  file.watch();
  return { disk, clock, log, config, file };
}

test("a file that changes is read when its writer has been quiet for a moment; explain names file and line", async () => {
  const { disk, clock, config, file } = watched("limit: 1\n");
  const limit = config.property("limit", 0);
  assert.deepEqual([limit.get(), config.explain("limit").layers[0]?.source], [1, "app.yaml:1"]);
  disk.write("/c/app.yaml", "limit: 2\nextra: 1\n");
  await clock.advance(40);
  disk.write("/c/app.yaml", "limit: 3\n");
  await clock.advance(40);
  assert.equal(limit.get(), 1);
  await clock.advance(20);
  assert.deepEqual([limit.get(), config.get("extra", 0)], [3, 0]);
  file.stop();
});

test("a change nobody told of is seen within five seconds", async () => {
  const { disk, clock, config, file } = watched("limit: 1\n");
  disk.write("/c/app.yaml", "limit: 2\n", false);
  await clock.advance(5_000);
  assert.equal(config.get("limit", 0), 2);
  file.stop();
});

test("a file that becomes unreadable changes nothing, says why once, and counts again when it is mended", async () => {
  const { disk, clock, log, config, file } = watched("limit: 1\n");
  disk.write("/c/app.yaml", "limit: [1\n");
  await clock.advance(100);
  assert.equal(config.get("limit", 0), 1);
  assert.match(file.problem ?? "", /^app\.yaml:\d: /);
  await clock.advance(60_000);
  assert.equal(log.events("config.file.unreadable").length, 1);
  disk.write("/c/app.yaml", "limit: 4\n");
  await clock.advance(100);
  assert.deepEqual([config.get("limit", 0), file.problem], [4, undefined]);
  file.stop();
});

test("of cascaded files the more special one wins, key by key", () => {
  const [disk, config] = [new FakeDisk(), new Config()];
  disk.write("/c/application.yaml", "a: 1\nb: 1\nc: 1\n");
  disk.write("/c/application-prod.properties", "b=2\nc=2\n");
  disk.write("/c/application-prod-eu-1.json", '{"c":3}');
  disk.write("/c/application-test.yaml", "a: 9\n");
  const where = { directory: "/c", name: "application", context: { env: "prod", region: "eu-1" } };
  const files = loadCascade(config, where, new FakeClock(), silentLog, { disk });
  assert.equal(files.length, 3);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => config.get(key, 0)),
    [1, 2, 3],
  );
  assert.deepEqual(
    config.explain("c").layers.map(({ source }) => source),
    ["application-prod-eu-1.json:1", "application-prod.properties:2", "application.yaml:3"],
  );
});

test("a real file is followed, also when it is replaced by another one", async () => {
  using directory = temporaryDirectory("config");
  const path = join(directory.path, "app.yaml");
  writeFileSync(path, "limit: 1\n");
  const config = new Config();
  const options = { disk: systemDisk, lookEveryMs: 200, settleMs: 5 };
  const file = new FileSource(config, path, new SystemClock(), silentLog, options);
  file.load();
  file.watch();
  writeFileSync(`${path}.new`, "limit: 2\n");
  renameSync(`${path}.new`, path);
  try {
    await waitFor("the new file's value", () => config.get("limit", 0) === 2);
  } finally {
    file.stop();
  }
});

test("an object is a source of its own, nested or flat", () => {
  const config = new Config();
  addObject(config, "libraries", "movies", { ratings: { limit: 10, tags: ["a"] }, "flat.key": true, none: null });
  assert.deepEqual([...config.keys()].sort(), ["flat.key", "ratings.limit", "ratings.tags"]);
  assert.equal(config.explain("ratings.limit").layers[0]?.source, "movies");
  addObject(config, "libraries", "movies", { ratings: { limit: 11 } });
  assert.deepEqual([...config.keys()], ["ratings.limit"]);
});
