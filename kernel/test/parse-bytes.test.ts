import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBytes } from "../src/index.ts";

test("sizes are read in the units people write", () => {
  const cases: [string | number, number | undefined][] = [
    ["256MiB", 268_435_456],
    ["256M", 268_435_456],
    ["256Mi", 268_435_456],
    ["1.5GiB", 1_610_612_736],
    ["64kib", 65_536],
    ["500MB", 500_000_000],
    ["2GB", 2_000_000_000],
    ["12 B", 12],
    ["4096", 4_096],
    [4_096, 4_096],
    [0, 0],
    ["0.0001KiB", 0],
    ["", undefined],
    ["MiB", undefined],
    ["-1MiB", undefined],
    ["1e3", undefined],
    ["256 megabytes", undefined],
    [-1, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    ["9999999999TiB", undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, String(text));
});
