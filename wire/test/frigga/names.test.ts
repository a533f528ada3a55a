import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import {
  buildGroupName,
  buildLoadBalancerName,
  buildNextGroupName,
  checkName,
  cloudEnvironment,
  compareAppVersions,
  groupByClusterName,
  parseAppVersion,
  parseBaseAmi,
  parseLabeledVariables,
  parseName,
  parseNameOrThrow,
  parseShards,
  usesReservedFormat,
} from "@holdfast/wire/frigga";
import fc from "fast-check";

test("the next group counts from v000, keeps three digits, and wraps after v999", () => {
  for (const [group, next] of [
    ["app", "app-v000"],
    ["app-stack-detail", "app-stack-detail-v000"],
    ["app-v000", "app-v001"],
    ["app-v099", "app-v100"],
    ["app-v999", "app-v000"],
    ["app-v1000", "app-v000"],
    ["app--detail-v012", "app--detail-v013"],
    ["app-v9", "app-v9-v000"],
  ] as const) {
    assert.equal(buildNextGroupName(group), next);
  }
});

test("what is no name has no successor", () => {
  for (const name of ["", " ", "a b", "-v001", "api-^test-v004", "a\n"]) {
    assert.throws(
      () => buildNextGroupName(name),
      (error) => hasCode(error, "NAME_INVALID"),
      JSON.stringify(name),
    );
  }
});

test("a name is built from every part, and left out parts leave nothing but the hyphen that tells a detail from a stack", () => {
  assert.equal(buildGroupName({ appName: "app" }), "app");
  assert.equal(buildGroupName({ appName: "app", stack: "main" }), "app-main");
  assert.equal(buildGroupName({ appName: "app", detail: "a-b" }), "app--a-b");
  assert.equal(buildGroupName({ appName: "app", stack: "", detail: null, zoneVar: "" }), "app");
  const all = {
    appName: "cass",
    stack: "main",
    countries: "us",
    devPhase: "prod",
    hardware: "big",
    partners: "acme",
    revision: "27",
    usedBy: "web",
    redBlackSwap: "A",
    zoneVar: "1a",
  };
  const built = buildGroupName(all, true);
  assert.equal(built, "cass-main-c0us-d0prod-h0big-p0acme-r027-u0web-w0A-z01a");
  const { zone, revision, detail } = parseName(built);
  assert.deepEqual(
    { zone, revision, detail },
    { zone: "1a", revision: "27", detail: built.slice("cass-main-".length) },
  );
  assert.equal(buildLoadBalancerName({ appName: "app", stack: "main", detail: "vip" }), "app-main-vip");
});

test("validation refuses, with a code, what would read as something else", () => {
  for (const [parts, code] of [
    [{ appName: "" }, "NAME_EMPTY"],
    [{ appName: "a-b" }, "NAME_CHARACTERS"],
    [{ appName: "a", stack: "b-c" }, "NAME_CHARACTERS"],
    [{ appName: "a", detail: "b c" }, "NAME_CHARACTERS"],
    [{ appName: "a", zoneVar: "1-a" }, "NAME_CHARACTERS"],
    [{ appName: "a", stack: "v001" }, "NAME_HAS_VERSION"],
    [{ appName: "a", detail: "x-v001-y" }, "NAME_HAS_VERSION"],
    [{ appName: "a", detail: "v123456" }, "NAME_HAS_VERSION"],
  ] as const) {
    assert.throws(
      () => buildGroupName(parts, true),
      (error) => hasCode(error, code),
      JSON.stringify(parts),
    );
  }
  for (const detail of ["v01", "v1234567", "av001", "v001a"]) {
    assert.equal(buildGroupName({ appName: "a", detail }, true), `a--${detail}`);
  }
  assert.throws(
    () => buildGroupName({ appName: "" }),
    (error) => hasCode(error, "NAME_EMPTY"),
    "an empty application is refused without validation, too",
  );
});

test("whatever validation lets through reads back as it was written", () => {
  const word = fc.stringMatching(/^[a-zA-Z0-9._]{1,8}$/);
  const detail = fc.stringMatching(/^[a-zA-Z0-9._~^][-a-zA-Z0-9._~^]{0,12}$/);
  const parts = fc.record({ appName: word, stack: fc.option(word), detail: fc.option(detail) });
  fc.assert(
    fc.property(parts, fc.nat(999), ({ appName, stack, detail }, sequence) => {
      let cluster: string;
      try {
        cluster = buildGroupName({ appName, stack, detail }, true);
      } catch (error) {
        return hasCode(error, "NAME_HAS_VERSION");
      }
      const push = `v${String(sequence).padStart(3, "0")}`;
      const names = parseName(`${cluster}-${push}`);
      assert.partialDeepStrictEqual(names, { app: appName, stack, detail, cluster, push, sequence });
      assert.equal(parseName(buildNextGroupName(`${cluster}-${push}`)).sequence, (sequence + 1) % 1_000);
      return true;
    }),
  );
});

test("an application's name that reads as a version is the application's name", () => {
  assert.partialDeepStrictEqual(parseName("v001"), { app: "v001", push: null });
  assert.partialDeepStrictEqual(parseName("v001-v002"), { app: "v001", push: "v002", sequence: 2 });
});

test("reserved are versions at the end, and labelled variables anywhere", () => {
  for (const name of ["abc-v001", "abcv001", "z0abc", "a-z0abc-b", "d0x"]) assert.ok(usesReservedFormat(name), name);
  for (const name of ["", "v01", "v1234567", "abc", "az0abc", "a-z0", "a-x0abc", "a\nv001", null]) {
    assert.ok(!usesReservedFormat(name), String(name));
  }
});

test("the last value of a shard wins, and the loss of the first is told", () => {
  assert.deepEqual(parseShards("x1foo-x1bar"), {
    shards: { 1: "bar" },
    unprocessed: "",
    warnings: ["duplicate shardId 1, shard value foo will be ignored in favor of bar"],
  });
  assert.deepEqual(parseShards("x12foo-x120bar_x3").shards, { 12: "foo", 120: "bar" });
  assert.deepEqual(parseShards("x1234567890foo").shards, null, "no number");
  assert.deepEqual(parseShards(null), { shards: null, unprocessed: "", warnings: [] });
  for (const text of ["x0foo", "x01foo", "x1", "x12", "y1foo", "--x1foo"]) assert.equal(parseShards(text).shards, null);
});

test("a description names its base or its ancestor, and the day in the name is a day", () => {
  const description = "store=ebs,ancestor_name=ebs-base-x86_64-20101124,ancestor_id=ami-7b4eb912";
  assert.deepEqual(parseBaseAmi(description), {
    baseAmiId: "ami-7b4eb912",
    baseAmiName: "ebs-base-x86_64-20101124",
    baseAmiDate: "2010-11-24",
  });
  const both =
    "ancestor_id=ami-11111111,base_ami_id=ami-22222222,ancestor_name=old,base_ami_name=new-20200101-20210203-x";
  assert.deepEqual(parseBaseAmi(both), {
    baseAmiId: "ami-22222222",
    baseAmiName: "new-20200101-20210203-x",
    baseAmiDate: "2021-02-03",
  });
  assert.equal(parseBaseAmi("base_ami_id=ami-123").baseAmiId, null);
});

test("application versions are ordered part by part, what is missing first", () => {
  const [none, a, b, built] = [null, "x-1.0-1", "x-1.1-1", "x-1.0-1.h7"].map(parseAppVersion);
  const sorted = [b, built, none, a].map((item) => item ?? null).toSorted(compareAppVersions);
  assert.deepEqual(sorted, [none, a, built, b]);
  assert.equal(compareAppVersions(parseAppVersion("x-1-1"), parseAppVersion("x-1-1")), 0);
});

/** Frigga's own pattern, which backtracks: fit to check short texts with. */
const backtracking =
  /^([-a-zA-Z0-9._~^]+)-([0-9.a-zA-Z~]+)-(\w+)(?:[.](\w+))?(?:~[-a-zA-Z0-9._~^]+)?(?:\/([-a-zA-Z0-9._~^]+)\/([0-9]+))?$/;

test("a version is split where Frigga's pattern splits it", () => {
  const pieces = ["a", "-1", "-1.0~r", "-h1", "-2", ".b", "~", "~x", "-", "_", "^", "/j-j/7", "/"];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(""));
  let matched = 0;
  const check = fc.property(text, (candidate) => {
    const match = backtracking.exec(candidate);
    const parsed = parseAppVersion(candidate);
    if (match === null) return parsed === null;
    matched++;
    const [, packageName, version, first, second, job] = match;
    const [build, commit] = first?.startsWith("h") ? [first, second] : [second, first];
    assert.deepEqual(parsed, {
      packageName,
      version,
      commit: commit ?? null,
      buildNumber: build?.slice(1) ?? null,
      buildJobName: job ?? null,
    });
    return true;
  });
  fc.assert(check, { numRuns: 2_000 });
  assert.ok(matched > 100, `${matched} of the texts were versions`);
});

test("labelled variables are split off where Frigga's pattern splits them", () => {
  const pattern = /^(.*?)((?:(?:^|-)[cdhpruwz]0[a-zA-Z0-9]+)+)$/;
  const tokens = fc.array(fc.constantFrom("c0us", "d0prod", "z0", "x0y", "", "app", "p0a0", "c0us_"), { maxLength: 6 });
  fc.assert(
    fc.property(tokens, (list) => {
      const name = list.join("-");
      assert.equal(parseLabeledVariables(name).unprocessed, pattern.exec(name)?.[1] ?? null, name);
    }),
    { numRuns: 1_000 },
  );
});

test("a very long text costs no more than its length", () => {
  const length = 200_000;
  const texts = ["a-", "-x1", "c0", "a-1-", "-v001", "~", "base_ami_name=", "-20", "x1a-"].map((part) =>
    part.repeat(length / part.length),
  );
  const started = performance.now();
  for (const text of texts.flatMap((part) => [part, `${part}%`, `${part}\n`])) {
    for (const read of [parseName, parseAppVersion, parseBaseAmi, parseLabeledVariables, parseShards, checkName]) {
      read(text);
    }
    usesReservedFormat(text);
  }
  const ms = performance.now() - started;
  assert.ok(ms < 5_000, `27 texts of 200 kB took ${ms.toFixed(0)} ms`);
});

test("things are sorted by cluster in the order they come, those without a name apart", () => {
  const groups = [{ name: "b-v001" }, { name: "a" }, { name: "b-v000" }, { name: "%" }];
  assert.deepEqual(
    [...groupByClusterName(groups, ({ name }) => name)],
    [
      ["b", [{ name: "b-v001" }, { name: "b-v000" }]],
      ["a", [{ name: "a" }]],
      [null, [{ name: "%" }]],
    ],
  );
});

test("an instance is told where it stands as Asgard tells it, with the labelled variables of its group's name", () => {
  const serverGroup = "cass-main-x-d0stage-p0sony-v012";
  const given = cloudEnvironment({ serverGroup, region: "local-1", environment: "test" });
  assert.deepEqual(given, {
    CLOUD_ENVIRONMENT: "test",
    CLOUD_MONITOR_BUCKET: "cass",
    CLOUD_APP: "cass",
    CLOUD_APP_GROUP: "",
    CLOUD_STACK: "main",
    CLOUD_CLUSTER: "cass-main-x-d0stage-p0sony",
    CLOUD_AUTO_SCALE_GROUP: serverGroup,
    CLOUD_LAUNCH_CONFIG: serverGroup,
    EC2_REGION: "local-1",
    CLOUD_DEV_PHASE: "stage",
    CLOUD_PARTNERS: "sony",
  });
  const all = "a-b-c0us-d0prod-h0big-p0acme-r027-u0web-w0A-z01a";
  const names = Object.keys(cloudEnvironment({ serverGroup: all, region: "r", environment: "e" }, "NETFLIX_")).slice(9);
  assert.deepEqual(names, [
    "NETFLIX_COUNTRIES",
    "NETFLIX_DEV_PHASE",
    "NETFLIX_HARDWARE",
    "NETFLIX_PARTNERS",
    "NETFLIX_RED_BLACK_SWAP",
    "NETFLIX_REVISION",
    "NETFLIX_USED_BY",
    "NETFLIX_ZONE",
  ]);
});

test("nothing in, nothing out", () => {
  for (const nothing of [null, undefined, "", "  "]) {
    assert.equal(parseName(nothing).app, null);
    assert.equal(parseAppVersion(nothing), null);
    assert.throws(
      () => parseNameOrThrow(nothing),
      (error) => hasCode(error, "NAME_INVALID"),
    );
  }
});
