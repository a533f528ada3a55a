import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { type PropertyScope, propertyScopeKeys } from "@holdfast/wire";
import type { Change, Edit } from "../src/change.ts";
import { configLimitsDefaults } from "../src/limits.ts";
import { PropertyBook } from "../src/property-book.ts";
import { normalScope } from "../src/scope.ts";

function set(book: PropertyBook, ...edits: Edit[]): Change {
  const revision = book.revision + 1;
  const change: Change = { revision, atMs: 0, author: "ann", reason: "why", kind: "set", edits: book.plan(edits) };
  book.apply(change);
  return change;
}

const winner = (book: PropertyBook, context: PropertyScope): string | undefined =>
  book.winner("k", normalScope(context))?.value;

describe("PropertyBook", () => {
  it("gives each scope the weight of Archaius's order: one stronger scope outweighs all weaker ones together", () => {
    const all = Object.fromEntries(propertyScopeKeys.map((key) => [key, "x"]));
    for (const [i, strong] of propertyScopeKeys.entries()) {
      const book = new PropertyBook();
      const weaker = Object.fromEntries(propertyScopeKeys.slice(i + 1).map((key) => [key, "x"]));
      set(book, { key: "k", scope: weaker, value: "weak" }, { key: "k", scope: { [strong]: "x" }, value: strong });
      assert.equal(winner(book, all), strong);
    }
  });

  it("matches lists with commas whatever their case and blanks, and lists in the asker by any part", () => {
    const book = new PropertyBook();
    set(book, { key: "k", scope: { env: " Prod , TEST" }, value: "listed" }, { key: "k", scope: {}, value: "all" });
    assert.equal(winner(book, { env: "test" }), "listed");
    assert.equal(winner(book, { env: "PROD" }), "listed");
    assert.equal(winner(book, { env: "dev" }), "all");
    assert.equal(winner(book, {}), "all");
    set(book, { key: "k", scope: { countries: "de,at" }, value: "german" });
    assert.equal(winner(book, { env: "dev", countries: "us,at" }), "german");
    assert.equal(winner(book, { env: "dev", countries: "us" }), "all");
  });

  it("lets a shorter list win over a longer one, and the later word among equals", () => {
    const book = new PropertyBook();
    set(book, { key: "k", scope: { zone: "a,b,c" }, value: "three" }, { key: "k", scope: { zone: "a" }, value: "one" });
    assert.equal(winner(book, { zone: "a" }), "one");
    set(book, { key: "k", scope: { zone: "b,c" }, value: "first" });
    set(book, { key: "k", scope: { zone: "b,d" }, value: "second" });
    assert.equal(winner(book, { zone: "b" }), "second");
  });

  it("keeps one value for a scope however it is written", () => {
    const book = new PropertyBook();
    set(book, { key: "k", scope: { env: "b,a", region: "" }, value: "1" });
    const change = set(book, { key: "k", scope: { env: "A, B,a" }, value: "2" });
    assert.equal(book.size, 1);
    assert.deepEqual(change.edits, [{ key: "k", scope: { env: "a,b" }, before: "1", after: "2" }]);
  });

  it("plans nothing for what is so already, and refuses to remove what is not there", () => {
    const book = new PropertyBook();
    set(book, { key: "k", scope: {}, value: "1" });
    assert.deepEqual(book.plan([{ key: "k", scope: {}, value: "1" }]), []);
    assert.throws(
      () => book.plan([{ key: "k", scope: { env: "prod" }, value: null }]),
      (error) => hasCode(error, "CONFIG_UNKNOWN") && /no value under env=prod/.test(error.message),
    );
  });

  it("refuses keys, values, scopes and numbers beyond the limits and changes nothing", () => {
    const book = new PropertyBook({ ...configLimitsDefaults, propertiesMax: 1 });
    set(book, { key: "k", scope: {}, value: "1" });
    const refused: [Edit, string][] = [
      [{ key: "", scope: {}, value: "1" }, "CONFIG_KEY_INVALID"],
      [{ key: "a b", scope: {}, value: "1" }, "CONFIG_KEY_INVALID"],
      [{ key: "x".repeat(257), scope: {}, value: "1" }, "CONFIG_KEY_INVALID"],
      [{ key: "k", scope: {}, value: "é".repeat(32 * 1024 + 1) }, "CONFIG_VALUE_INVALID"],
      [{ key: "k", scope: { planet: "mars" } as PropertyScope, value: "1" }, "CONFIG_SCOPE_INVALID"],
      [{ key: "k2", scope: {}, value: "1" }, "CONFIG_FULL"],
    ];
    for (const [edit, code] of refused)
      assert.throws(
        () => book.plan([edit]),
        (error) => hasCode(error, code),
      );
    assert.deepEqual(
      [...book.rows()].map((row) => row.value),
      ["1"],
    );
  });
});
