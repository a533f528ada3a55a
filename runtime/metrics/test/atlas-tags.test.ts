import assert from "node:assert/strict";
import { test } from "node:test";
import { atlasTags } from "@holdfast/metrics";

test("names and tags are brought into Atlas' limits", () => {
  assert.deepEqual(atlasTags("a b/ü^~-._", { "k y": "v=1,ß", x: "1" }), {
    name: "a_b__^~-._",
    k_y: "v_1__",
    x_: "1",
  });
  const long = atlasTags("n".repeat(300), { ["k".repeat(70)]: "v".repeat(130) });
  assert.deepEqual(
    Object.entries(long).map(([key, value]) => [key.length, value.length]),
    [
      [4, 255],
      [60, 120],
    ],
  );
});

test("keys that Atlas keeps for itself, empty values and the twenty-first tag are left out", () => {
  const tags = { name: "other", empty: "", "nf.app": "a", "nf.own": "b", "atlas.dstype": "sum", "atlas.own": "c" };
  assert.deepEqual(atlasTags("hits", tags), { name: "hits", "nf.app": "a", "atlas.dstype": "sum" });
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, "v"]));
  assert.equal(Object.keys(atlasTags("hits", many)).length, 21);
});
