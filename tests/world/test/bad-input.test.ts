import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, suite, test } from "node:test";
import { runHoldfast, Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { bin, helloProgram, writeApplication } from "./support.ts";

/** What each broken service must say of itself, by name, within five seconds; the good one serves all the while. */
const application = {
  name: "broken",
  services: {
    good: { run: "node hello.js", scale: { min: 2 } },
    absent: { run: "no-such-program --serve", scale: { min: 1 } },
    quits: { run: "node quits.js", scale: { min: 1 } },
    deaf: { run: "node deaf.js", scale: { min: 1 }, health: { startTimeout: "3s" } },
    stubborn: { run: "node stubborn.js", scale: { min: 1 } },
  },
};

interface ServiceView {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

suite("an application with broken services", () => {
  const directory = temporaryDirectory("bad");
  let stack: Stack;

  before(async () => {
    writeApplication(directory.path, {
      "holdfast.config.json": JSON.stringify(application),
      "hello.js": helloProgram,
      "quits.js": 'console.error("quits: cannot read settings.json"); process.exit(3);',
      "deaf.js": "setInterval(() => {}, 1000);",
      "stubborn.js": 'require("node:http").createServer((q, s) => s.end("x")).listen(0, "127.0.0.1");',
      "package.json": '{"name":"broken"}',
    });
    stack = await Stack.up({ bin, application: directory.path, args: ["--no-wait"] });
  });
  after(async () => {
    await stack.down();
    directory[Symbol.dispose]();
  });

  const reasonOf = async (name: string): Promise<string> => {
    const services = await stack.json<ServiceView[]>("/v1/services");
    return services.find((service) => service.name === name)?.reason ?? "";
  };
  const said = (name: string, pattern: RegExp): Promise<unknown> =>
    waitFor(`${name} to say ${pattern}`, async () => pattern.test(await reasonOf(name)), { timeoutMs: 5_000 });

  test("a command that does not exist is named", async () => {
    await said("absent", /no-such-program/);
  });

  test("a service that exits at once is retried with back-off, its code and last line shown", async () => {
    await said("quits", /code 3/);
    await said("quits", /settings\.json/);
    const launches = async (): Promise<number> => {
      const page = await stack.json<{ service: string }[]>("/v1/activities?limit=500");
      return page.filter((activity) => activity.service === "quits").length;
    };
    const before = await launches();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    assert.ok((await launches()) - before <= 6, "launches must back off");
  });

  test("a service that never becomes healthy says what is waited for", async () => {
    await said("deaf", /127\.\d\.\d\.\d+:\d+/);
  });

  test("a program that ignores PORT is told to read it", async () => {
    await said("stubborn", /PORT/);
  });

  test("the healthy service serves through all of it", async () => {
    // In the moment when it is replaced, since its machine is busy with those that fail, it may say 503 once.
    const answer = await waitFor("an answer of the healthy service", async () => {
      const one = await fetch(stack.ready.edge);
      return one.status === 200 ? one : undefined;
    });
    assert.match(await answer.text(), /hello from \d+/);
  });

  test("64 KB of headers are refused with a coded answer", async () => {
    const answer = await fetch(stack.ready.edge, { headers: { "x-long": "a".repeat(64 * 1024) } });
    assert.equal(answer.status, 431);
  });

  test("a body of one gigabyte is refused before it is sent", async () => {
    const edge = new URL(stack.ready.edge);
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { "content-length": String(1024 ** 3), "content-type": "application/octet-stream" };
      const call = request({ host: edge.hostname, port: edge.port, method: "POST", path: "/", headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
        call.destroy();
      });
      call.on("error", reject);
      call.setTimeout(5_000, () => call.destroy(new Error("no answer within 5 s")));
      call.write(Buffer.alloc(64 * 1024));
    });
    assert.equal(status, 413);
    assert.equal((await fetch(stack.ready.edge)).status, 200);
  });

  test("an unknown service or instance is answered with exit code 3 and what is known", async () => {
    const scale = await stack.run("scale", "nobody", "3");
    assert.equal(scale.code, 3);
    assert.match(scale.stderr, /nobody/);
    const kill = await stack.run("kill", "i-00000000");
    assert.equal(kill.code, 3);
  });
});

test("a file with ten faults shows ten lines with their places and exits with 2", async () => {
  using directory = temporaryDirectory("faults");
  writeApplication(directory.path, {
    "holdfast.config.ts": `export default {
  name: "Not Good",
  colour: "red",
  environment: "moon",
  services: {
    a: { run: "" },
    b: { run: "node b.js", drain: "soon" },
    c: { runs: "node c.js" },
    d: { run: "node d.js", scale: { min: 5, max: 2 } },
    e: { run: "node e.js", health: { path: "healthz" } },
  },
  routes: [{ match: "api", to: "a" }],
};
`,
  });
  const result = await runHoldfast(bin, ["up", directory.path]);
  assert.equal(result.code, 2);
  const lines = result.stderr.split("\n").filter((line) => /holdfast\.config\.ts:\d+:\d+ /.test(line));
  assert.ok(lines.length >= 10, result.stderr);
  assert.ok(
    lines.some((line) => /:9:\d+ services\.d\.scale\.max/.test(line)),
    result.stderr,
  );
});
