import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@holdfast/kernel";
import { queryValue, readEurekaPath } from "../../src/compat/eureka-path.ts";

test("all of Eureka's prefixes lead to the same resource", () => {
  const same = [
    "/eureka/v2/apps/API",
    "/eureka/v1/apps/API",
    "/eureka/apps/API",
    "/v2/apps/API",
    "/eureka/x/apps/API/",
  ];
  for (const url of same) assert.deepEqual(readEurekaPath(url)?.parts, ["apps", "API"], url);
  assert.deepEqual(readEurekaPath("/eureka//v2//apps//")?.parts, ["apps"]);
  assert.equal(readEurekaPath("/v2/apps")?.v2, true);
  assert.equal(readEurekaPath("/eureka/apps")?.v2, false);
});

test("a version is never confused with a resource's name", () => {
  assert.deepEqual(readEurekaPath("/eureka/apps/apps/status")?.parts, ["apps", "apps", "status"]);
  assert.deepEqual(readEurekaPath("/eureka/status")?.parts, ["status"]);
  assert.deepEqual(readEurekaPath("/eureka/nonsense")?.parts, ["nonsense"]);
});

test("the registry's own API, and everybody else's, is none of Eureka's", () => {
  for (const url of ["/", "/v1/registry/instances", "/v1/leases/a/b/why", "/eurekas/apps", "/v20/apps", "*", ""]) {
    assert.equal(readEurekaPath(url), undefined, url);
  }
});

test("parts are decoded, the query is left as it is, and what cannot be decoded is refused", () => {
  const path = readEurekaPath("/eureka/apps/A%20B/host%3Aapp?status=UP&x=%2F");
  assert.deepEqual([path?.parts, path?.query], [["apps", "A B", "host:app"], "status=UP&x=%2F"]);
  assert.throws(
    () => readEurekaPath("/eureka/apps/%E0%A4%A"),
    (error) => hasCode(error, "PATH_UNKNOWN"),
  );
});

test("a query's values are found by their whole name", () => {
  const query = "overriddenstatus=UP&status=DOWN&empty=&bare&plus=a+b%21&bad=%zz";
  assert.equal(queryValue(query, "status"), "DOWN");
  assert.equal(queryValue(query, "overriddenstatus"), "UP");
  assert.equal(queryValue(query, "empty"), "");
  assert.equal(queryValue(query, "bare"), "");
  assert.equal(queryValue(query, "plus"), "a b!");
  assert.equal(queryValue(query, "bad"), "%zz");
  assert.equal(queryValue(query, "stat"), undefined);
  assert.equal(queryValue("", "status"), undefined);
});
