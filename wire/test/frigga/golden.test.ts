import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  buildGroupName,
  checkName,
  checkNameWithHyphen,
  extractLabeledVariable,
  groupAsgNamesByClusterName,
  type Label,
  parseAppVersion,
  parseBaseAmi,
  parseLabeledVariables,
  parseName,
  parseNameOrThrow,
  parseShards,
  usesReservedFormat,
} from "@holdfast/wire/frigga";

/** A case of Frigga's own tests. */
interface Case {
  readonly fn: string;
  readonly test: string;
  /** Just what `fn` takes: fits everywhere. */
  readonly input: never;
  readonly expected: unknown;
  readonly pattern?: string;
  readonly doValidation?: boolean;
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync(join(import.meta.dirname, "names.json"), "utf8"));

const functions: Readonly<Record<string, (input: never, one: Case) => unknown>> = {
  parseName,
  parseNameOrThrow,
  "AppVersion.parseName": parseAppVersion,
  "BaseAmiInfo.parseDescription": parseBaseAmi,
  "NameValidation.checkName": checkName,
  "NameValidation.checkNameWithHyphen": checkNameWithHyphen,
  "NameValidation.usesReservedFormat": usesReservedFormat,
  "ClusterGrouper.groupAsgNamesByClusterName": (names: never) => Object.fromEntries(groupAsgNamesByClusterName(names)),
  "AutoScalingGroupNameBuilder.buildGroupName": (parts: never, { doValidation }) => buildGroupName(parts, doValidation),
  LabeledVariablesNamingConvention: parseLabeledVariables,
  extractLabeledVariable: (text: never, { pattern = "" }) => extractLabeledVariable(text, labelOf[pattern] ?? "c"),
  ShardingNamingConvention: parseShards,
};

const labelOf: Readonly<Record<string, Label>> = {
  LABELED_COUNTRIES_PATTERN: "c",
  LABELED_DEV_PHASE_KEY_PATTERN: "d",
  LABELED_HARDWARE_KEY_PATTERN: "h",
  LABELED_PARTNERS_KEY_PATTERN: "p",
  LABELED_REVISION_KEY_PATTERN: "r",
  LABELED_USED_BY_KEY_PATTERN: "u",
  LABELED_RED_BLACK_SWAP_KEY_PATTERN: "w",
  LABELED_ZONE_KEY_PATTERN: "z",
};

for (const [index, one] of cases.entries()) {
  test(`Frigga's case ${index}: ${one.fn}(${JSON.stringify(one.input)})`, () => {
    const run = functions[one.fn];
    assert.ok(run !== undefined, `${one.fn} is there`);
    const { expected } = one;
    const throws =
      typeof expected === "object" && expected !== null && "throws" in expected ? String(expected.throws) : "";
    if (throws === "") return assert.partialDeepStrictEqual([run(one.input, one)], [expected]);
    const message = throws === "IllegalArgumentException" ? /is not a name/ : new RegExp(`^${throws}$`);
    return assert.throws(() => run(one.input, one), { message });
  });
}

test("the cases are Frigga's, and all of them are run", () => {
  assert.equal(cases.length, 74);
  assert.deepEqual(new Set(cases.map(({ fn }) => fn)), new Set(Object.keys(functions)));
});
