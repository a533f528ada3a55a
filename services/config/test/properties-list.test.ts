import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "@holdfast/kernel";
import type { PropertyScope } from "@holdfast/wire";
import { propertiesList } from "../src/compat/properties-list.ts";
import { PropertyBook } from "../src/property-book.ts";

function book(...scopes: PropertyScope[]): PropertyBook {
  const made = new PropertyBook();
  for (const [i, scope] of scopes.entries()) {
    const edits = made.plan([{ key: `k${i}`, scope, value: `v${i}` }]);
    made.apply({ revision: i + 1, atMs: 0, author: "ann", reason: "", kind: "set", edits });
  }
  return made;
}

const keys = (made: PropertyBook, filter: string, skipExtra = false): string[] =>
  propertiesList(made.rows(), filter, skipExtra).propertiesList.map(({ key }) => key);

describe("propertiesList", () => {
  it("answers Archaius's query with the exact body that its reader takes", () => {
    const made = book({}, { appId: "Movies", region: "us-east-1" }, { appId: "games" });
    const filter = "(appId='movies' or appId is null) and (region = 'us-east-1' or region is null)";
    const [first, second] = JSON.parse(JSON.stringify(propertiesList(made.rows(), filter, false))).propertiesList;
    const nulls = {
      serverId: null,
      asg: null,
      ami: null,
      cluster: null,
      env: null,
      countries: null,
      stack: null,
      zone: null,
    };
    assert.deepEqual(second, {
      key: "k1",
      value: "v1",
      propertyId: second.propertyId,
      ...nulls,
      appId: "movies",
      region: "us-east-1",
    });
    assert.deepEqual(Object.keys(second), [
      "key",
      "value",
      "propertyId",
      "serverId",
      "asg",
      "ami",
      "cluster",
      "appId",
      "env",
      "countries",
      "stack",
      "zone",
      "region",
    ]);
    assert.notEqual(first.propertyId, second.propertyId);
  });

  it("binds and before or, keeps brackets, and takes keywords and names in any case", () => {
    const made = book({ env: "a" }, { env: "b", zone: "z" }, { zone: "z" }, {});
    assert.deepEqual(keys(made, "env='a' or env='b' and zone='y'"), ["k0"]);
    assert.deepEqual(keys(made, "(env='a' or env='b') and zone='z'"), ["k1"]);
    assert.deepEqual(keys(made, "ENV IS NOT NULL AND Zone Is Null"), ["k0"]);
    assert.deepEqual(keys(made, "env != 'a'"), ["k1"]);
    assert.deepEqual(keys(made, " "), ["k0", "k1", "k2", "k3"]);
    assert.deepEqual(keys(book({ env: "it's" }, { env: "dev,PROD" }), "env='it''s' or env = ' Prod '"), ["k0", "k1"]);
  });

  it("leaves out values with scopes that the filter does not speak of, when asked to", () => {
    const made = book({ appId: "x" }, { appId: "x", zone: "z" }, {});
    const filter = "appId='x' or appId is null";
    assert.deepEqual(keys(made, filter), ["k0", "k1", "k2"]);
    assert.deepEqual(keys(made, filter, true), ["k0", "k2"]);
  });

  it("refuses what it cannot read and names the character", () => {
    const refused: [string, RegExp][] = [
      ["appId", /at character 6: expected =, != or is, found the end/],
      ["appId = x", /at character 9: expected a text between single quotes, found x/],
      ["planet = 'mars'", /at character 1: expected a scope \(serverId.*found planet/],
      ["(appId = 'x'", /at character 13: expected a closing bracket, found the end/],
      ["appId = 'x' appId is null", /at character 13: expected and, or, or the end, found appId/],
      ["appId = 'x", /at character 9: a quote that does not end/],
      ["appId = 'x'; drop table", /at character 12: ";" begins nothing/],
      ["appId is not 'x'", /at character 14: expected null, found 'x'/],
      ["and", /at character 1: expected a scope/],
      [`${"(".repeat(33)}env='a'${")".repeat(33)}`, /at character 33: more than 32 brackets/],
      [Array.from({ length: 201 }, () => "env='a'").join(" or "), /more than 200 comparisons/],
      ["'".repeat(9_000), /longer than 8192/],
    ];
    const made = book({});
    for (const [filter, message] of refused) {
      assert.throws(
        () => keys(made, filter),
        (error) => hasCode(error, "CONFIG_FILTER_INVALID") && message.test(error.message),
        filter,
      );
    }
    assert.deepEqual(keys(made, `${"(".repeat(32)}env is null${")".repeat(32)}`), ["k0"]);
  });
});
