import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SystemClock } from "@holdfast/kernel";
import { FakeClock, waitFor } from "@holdfast/testing";
import { BoundedSink, boundedSinkDefaults, type Loss } from "../../src/logs/bounded-sink.ts";
import { fileOutput, type LogOutput, type Written } from "../../src/logs/log-output.ts";

/** An output that takes nothing until it is told to. */
class HeldOutput implements LogOutput {
  text = "";
  writes = 0;
  #under: { readonly text: string; readonly done: Written } | undefined;

  write(text: string, done: Written): void {
    assert.equal(this.#under, undefined, "one write at a time");
    this.writes += 1;
    this.#under = { text, done };
  }

  writeNow(text: string): void {
    this.text += text;
  }

  isGone(error: Error): boolean {
    return "code" in error && error.code === "EPIPE";
  }

  take(): void {
    const under = this.#end();
    this.text += under.text;
    under.done(undefined, "");
  }

  fail(code: string, taken = 0): void {
    const { text, done } = this.#end();
    this.text += text.slice(0, taken);
    done(Object.assign(new Error(code), { code }), text.slice(taken));
  }

  #end(): { readonly text: string; readonly done: Written } {
    const under = this.#under;
    assert.ok(under !== undefined, "nothing is being written");
    this.#under = undefined;
    return under;
  }
}

const lossLine = ({ lines, reason }: Loss): string => `lost ${lines} ${reason}\n`;

function make(charactersMax = boundedSinkDefaults.charactersMax, togetherMs = 0) {
  const clock = new FakeClock();
  const output = new HeldOutput();
  const sink = new BoundedSink(clock, output, lossLine, { ...boundedSinkDefaults, charactersMax, togetherMs });
  return { clock, output, sink };
}

test("lines that come while a write is under way go out together, in their order", () => {
  const { output, sink } = make();
  for (const line of ["a\n", "b\n", "c\n"]) sink.write(line);
  output.take();
  output.take();
  assert.deepEqual([output.text, output.writes, sink.waiting, sink.lost], ["a\nb\nc\n", 2, 0, 0]);
});

test("the first line after a silence goes at once, those of the next 20 ms together; many do not wait", async () => {
  const { clock, output, sink } = make(undefined, boundedSinkDefaults.togetherMs);
  sink.write("a\n");
  output.take();
  await clock.advance(5);
  for (const line of ["b\n", "c\n"]) sink.write(line);
  await clock.advance(14);
  assert.deepEqual([output.text, output.writes], ["a\n", 1]);
  sink.write("d\n");
  await clock.advance(1);
  output.take();
  assert.deepEqual([output.text, output.writes, clock.pendingTimers], ["a\nb\nc\nd\n", 2, 0]);
  sink.write(`${"x".repeat(70_000)}\n`);
  assert.equal(output.writes, 3);
  output.take();
  sink.write("last\n");
  const flushed = sink.flush(1_000);
  output.take();
  await flushed;
  assert.ok(output.text.endsWith("last\n"));
  await clock.advance(100);
  sink.write("e\n");
  assert.equal(output.writes, 5);
});

test("an output that hangs costs its bound of memory and no more; when it goes on it is told how many lines it missed", () => {
  const { output, sink } = make(10);
  for (let i = 0; i < 1_000; i++) sink.write(`l${i % 10}\n`);
  assert.deepEqual([sink.waiting, sink.lost], [9, 997]);
  output.take();
  output.take();
  assert.equal(output.text, "l0\nl1\nl2\nlost 997 SLOW\n");
  sink.write("on\n");
  output.take();
  assert.deepEqual([output.text.endsWith("\non\n"), sink.lost], [true, 997]);
});

test("a disk that is full for a moment loses nothing, not even the rest of a line that was cut", async () => {
  const { clock, output, sink } = make();
  sink.write("first\n");
  output.fail("ENOSPC", 3);
  sink.write("second\n");
  assert.deepEqual([sink.trouble, output.writes], ["ENOSPC", 1]);
  await clock.advance(250);
  output.take();
  assert.deepEqual([output.text, sink.trouble, sink.lost], ["first\nsecond\n", undefined, 0]);
});

test("a disk that stays full is tried ever more seldom, at least each 5 s, and told of the loss once when it is over", async () => {
  const { clock, output, sink } = make(8);
  sink.write("one\n");
  const waits = [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000];
  for (const waitMs of waits) {
    output.fail("ENOSPC");
    sink.write("more\n");
    const before = output.writes;
    await clock.advance(waitMs - 1);
    assert.equal(output.writes, before);
    await clock.advance(1);
    assert.equal(output.writes, before + 1);
  }
  output.take();
  output.take();
  assert.equal(output.text, "one\nlost 7 ENOSPC\n");
  assert.equal(clock.pendingTimers, 0);
});

test("when its reader has gone, lines are counted and nothing is tried any more", async () => {
  const { clock, output, sink } = make();
  sink.write("a\n");
  sink.write("b\n");
  output.fail("EPIPE");
  sink.write("c\n");
  await clock.advance(60_000);
  assert.deepEqual([sink.lost, output.writes, sink.waiting, clock.pendingTimers], [3, 1, 0, 0]);
  await sink.flush(1_000);
});

test("flush waits for what is under way, but no longer than it may", async () => {
  const { clock, output, sink } = make();
  sink.write("a\n");
  let flushed = 0;
  const late = sink.flush(100).then(() => (flushed += 1));
  await clock.advance(99);
  assert.equal(flushed, 0);
  await clock.advance(1);
  await late;
  const inTime = sink.flush(100);
  output.take();
  await inTime;
  assert.equal(clock.pendingTimers, 0);
});

test("as the process ends, what waits is written at once; not to an output that has failed or hangs", async () => {
  const { output, sink } = make();
  sink.write("under way\n");
  sink.write("waits\n");
  sink.end();
  assert.equal(output.text, "waits\n");
  const other = make();
  other.sink.write("a\n");
  other.output.fail("ENOSPC");
  other.sink.end();
  assert.deepEqual([other.output.text, other.clock.pendingTimers], ["", 0]);
  const hanging = make();
  hanging.sink.write("under way\n");
  hanging.sink.write("waits\n");
  await hanging.clock.advance(1_001);
  hanging.sink.end();
  assert.equal(hanging.output.text, "");
});

test("a file gets every byte; a device that is full answers with its code and what is left", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-log-"));
  const path = join(directory, "log");
  const fd = openSync(path, "a");
  t.after(async () => {
    closeSync(fd);
    await rm(directory, { recursive: true });
  });
  const sink = new BoundedSink(new SystemClock(), fileOutput(fd), lossLine);
  const lines = Array.from({ length: 2_000 }, (_, i) => `zeile ${i} ✓\n`);
  for (const line of lines) sink.write(line);
  await waitFor("the file to be written", () => sink.waiting === 0);
  assert.equal(readFileSync(path, "utf8"), lines.join(""));
  if (process.platform !== "linux") return;
  const full = openSync("/dev/full", "a");
  const failed = await new Promise<[unknown, string]>((resolve) => {
    fileOutput(full).write("✓ text\n", (error, rest) =>
      resolve([(error as NodeJS.ErrnoException | undefined)?.code, rest]),
    );
  });
  closeSync(full);
  assert.deepEqual(failed, ["ENOSPC", "✓ text\n"]);
});
