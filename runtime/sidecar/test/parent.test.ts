import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "@holdfast/kernel";
import { exitCodeOf, httpCheck, type ParentAnswer, ParentProcess, ParentWatch, tcpCheck } from "@holdfast/sidecar";
import { FakeClock, settle } from "@holdfast/testing";
import { listen } from "./fixture.ts";

const clock = new SystemClock();
const up: ParentAnswer = { kind: "up", detail: "200" };
const down: ParentAnswer = { kind: "down", detail: "503", isSure: true };
const starting: ParentAnswer = { kind: "starting", detail: "204" };

test("2xx is up, 204 starting, everything else down", async () => {
  await using parent = await listen((req, res) => res.writeHead(Number(req.url?.slice(1))).end("x"));
  const table = [
    [200, "up"],
    [201, "up"],
    [204, "starting"],
    [302, "down"],
    [404, "down"],
    [500, "down"],
    [503, "down"],
  ] as const;
  for (const [status, kind] of table) {
    const answer = await httpCheck(
      clock,
      () => `http://127.0.0.1:${parent.port}/${status}`,
      () => 1_000,
    )();
    assert.equal(answer.kind, kind, String(status));
  }
});

test("a parent that takes the connection and says nothing is down when the time is over", async () => {
  await using parent = await listen(() => {});
  const answer = await httpCheck(
    clock,
    () => `http://127.0.0.1:${parent.port}/`,
    () => 50,
  )();
  assert.deepEqual([answer.kind, /within 50 ms/.test(answer.detail)], ["down", true]);
});

test("an answer without an end is judged by its head, and its connection is not kept", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using parent = await listen((_req, res) => {
    res.once("close", resolve);
    res.write("and so on");
  });
  assert.equal(
    (
      await httpCheck(
        clock,
        () => `http://127.0.0.1:${parent.port}/`,
        () => 1_000,
      )()
    ).kind,
    "up",
  );
  await closed;
});

test("a URL that is none, or not http, is down and says so instead of throwing", async () => {
  for (const url of ["", "nonsense", "https://127.0.0.1/", "http://"]) {
    const answer = await httpCheck(
      clock,
      () => url,
      () => 100,
    )();
    assert.deepEqual([answer.kind, /must be an http URL/.test(answer.detail)], ["down", true], url);
  }
});

test("a TCP check is up where something listens, and down where nothing does", async () => {
  const { port } = await (async () => {
    await using parent = await listen(() => {});
    assert.equal((await tcpCheck(clock, "127.0.0.1", parent.port, 1_000)()).kind, "up");
    return parent;
  })();
  const answer = await tcpCheck(clock, "127.0.0.1", port, 1_000)();
  assert.deepEqual(answer, { kind: "down", detail: `nothing listens on 127.0.0.1:${port}`, isSure: true });
});

/** Runs a watch over a list of answers, one a look; gives the state after each. */
async function watched(answers: readonly ParentAnswer[]): Promise<{ states: string[]; changes: string[] }> {
  const fake = new FakeClock();
  const left = [...answers];
  const changes: string[] = [];
  const states: string[] = [];
  const watch = new ParentWatch(
    fake,
    () => Promise.resolve(left.shift() ?? up),
    (state) => void changes.push(state),
  );
  await watch.start();
  states.push(watch.state);
  while (left.length > 0) {
    await fake.advance(watch.state === "starting" ? 250 : 2_000);
    await settle();
    states.push(watch.state);
  }
  watch.close();
  return { states, changes };
}

test("a parent is starting until it is first well, whatever it says before", async () => {
  const { states, changes } = await watched([down, starting, down, up, up]);
  assert.deepEqual(states, ["starting", "starting", "starting", "up", "up"]);
  assert.deepEqual(changes, ["up"]);
});

test("down counts at once, and one good answer brings it back the first time", async () => {
  const { states } = await watched([up, down, up]);
  assert.deepEqual(states, ["up", "down", "up"]);
});

test("a flapping parent must be well more often before it counts as up again", async () => {
  const { changes } = await watched(Array.from({ length: 28 }, (_, i) => (i % 2 === 0 ? up : down)));
  assert.deepEqual(changes, ["up", "down", "up", "down"], "up and down twice, then damped");
  const { states } = await watched([up, down, up, down, up, up, down, up, up, up]);
  assert.deepEqual(states.slice(4), ["down", "up", "down", "down", "down", "up"]);
});

test("no look is made while one is under way, and none after the end", async () => {
  const fake = new FakeClock();
  let looks = 0;
  let answer: ((said: ParentAnswer) => void) | undefined;
  const watch = new ParentWatch(
    fake,
    () => {
      looks += 1;
      return new Promise((resolve) => (answer = resolve));
    },
    () => {},
  );
  const first = watch.start();
  await fake.advance(10_000);
  assert.equal(looks, 1);
  answer?.(up);
  await first;
  watch.close();
  await fake.advance(10_000);
  assert.equal(looks, 1);
});

test("a parent's exit code goes through; a signal's as a shell gives it", async () => {
  const coded = await ParentProcess.start(clock, [process.execPath, "-e", "process.exit(7)"], {});
  assert.equal(exitCodeOf(await coded.ended), 7);
  const sleeper = await ParentProcess.start(clock, [process.execPath, "-e", "setInterval(() => {}, 1000)"], {});
  assert.equal(exitCodeOf(await sleeper.stop("SIGTERM", 5_000)), 143);
  assert.equal(sleeper.signal("SIGTERM"), false);
});

test("a parent that does not heed SIGTERM is killed when its time is over", async () => {
  const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  const parent = await ParentProcess.start(clock, [process.execPath, "-e", deaf], {});
  await clock.sleep(200);
  assert.equal(exitCodeOf(await parent.stop("SIGTERM", 200)), 137);
});

test("a command that does not exist, or may not be executed, has a code and a next step", async (t) => {
  const plain = join(mkdtempSync(join(tmpdir(), "sidecar-")), "plain.txt");
  writeFileSync(plain, "no program", { mode: 0o600 });
  t.after(() => rmSync(dirname(plain), { recursive: true }));
  await assert.rejects(ParentProcess.start(clock, ["no-such-command"], { PATH: "/nowhere" }), {
    code: "COMMAND_NOT_FOUND",
    message: "no-such-command: this command does not exist",
  });
  await assert.rejects(ParentProcess.start(clock, [plain], {}), { code: "COMMAND_NOT_EXECUTABLE" });
});
