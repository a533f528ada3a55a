import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonLines } from "../src/docker/json-lines.ts";
import { LogFrames } from "../src/docker/log-frames.ts";

function frame(channel: number, text: string): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = channel;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

test("frames give their content and channel, however they are cut into pieces", () => {
  const stream = Buffer.concat([frame(1, "one\n"), frame(2, "zwei ü\n"), frame(1, ""), frame(1, "three")]);
  for (let size = 1; size <= stream.length; size++) {
    const seen: string[] = [];
    const frames = new LogFrames((content, channel) => seen.push(`${channel} ${content.toString()}`));
    for (let i = 0; i < stream.length; i += size) frames.push(stream.subarray(i, i + size));
    assert.deepEqual(seen, ["stdout one\n", "stderr zwei ü\n", "stdout ", "stdout three"], `pieces of ${size}`);
  }
});

test("a piece that its owner uses again does no harm to what is kept of it", () => {
  const seen: string[] = [];
  const frames = new LogFrames((content) => seen.push(content.toString()));
  const whole = frame(1, "held back");
  const piece = Buffer.from(whole.subarray(0, 12));
  frames.push(piece);
  piece.fill(0);
  frames.push(whole.subarray(12));
  assert.deepEqual(seen, ["held back"]);
});

test("what is not framed is refused, not waited for", () => {
  const frames = new LogFrames(() => {});
  assert.throws(() => frames.push(Buffer.from("plain text of a terminal")), RangeError);
  const huge = frame(1, "");
  huge.writeUInt32BE(0x7f_ff_ff_ff, 4);
  assert.throws(() => new LogFrames(() => {}).push(huge), RangeError);
});

test("objects, one a line, are read in any pieces; lines that are none are left out", () => {
  const text = Buffer.from('{"a":1}\nnot json\n\n{"b":"ü"}\n{"half":');
  for (let size = 1; size <= text.length; size++) {
    const seen: unknown[] = [];
    const lines = new JsonLines((value) => seen.push(value));
    for (let i = 0; i < text.length; i += size) lines.push(text.subarray(i, i + size));
    assert.deepEqual(seen, [{ a: 1 }, { b: "ü" }], `pieces of ${size}`);
  }
});

test("a line without an end does not grow without bound", () => {
  const seen: unknown[] = [];
  const lines = new JsonLines((value) => seen.push(value));
  for (let i = 0; i < 40; i++) lines.push(Buffer.alloc(65_536, 0x78));
  lines.push(Buffer.from('\n{"after":true}\n'));
  assert.deepEqual(seen, [{ after: true }]);
});
